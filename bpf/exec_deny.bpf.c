// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exec, refused: by what the task would become, while an error still reaches the caller. Attached
 * only where a rule of exec's denies.
 *
 *   lsm/bprm_creds_from_file               tier A: the credentials are final
 *   fmod_ret/security_bprm_creds_from_file tier B: uid and euid are final, and nothing else: root
 *                                          that commoncap takes back is refused all the same
 *   fexit/security_bprm_creds_from_file    while tracing: sees what another refused
 *
 * argv lies in a memory map that is nobody's yet. So a class, a panel or an applet that it alone
 * tells is left to the sensor (exec.bpf.c), which kills. What is refused here never comes there:
 * each attempt counts once, and does not stand. Nor is a new instance known: what was to be a
 * module is counted for its name alone.
 */
#include "exec.bpf.h"
#include "verdict.bpf.h"

/* Whoever traces ignores actions, and sees what another's refused. */
static __always_inline bool refuses(__u8 action)
{
	return action == EVMON_ACTION_DENY || (evmon_tracing && action != EVMON_ACTION_ALLOW);
}

/* The rule by which it is refused; NONE: by none. */
static __always_inline __u16 refusing_rule(const struct evmon_task *t, const struct exec_event *e)
{
	enum exec_root root;

	if (refuses(e->policy->admin_panel_action) && exec_is_panel(e))
		return EVMON_RULE_EXEC_ADMIN_PANEL;
	if (refuses(e->policy->root_action)) {
		root = exec_root(t, e);
		if (root == EXEC_ROOT_FOUND || root == EXEC_ROOT_MODULE)
			return EVMON_RULE_EXEC_ROOT;
	}
	if (refuses(e->policy->shell_action) && exec_is_shell(t, e))
		return EVMON_RULE_EXEC_SHELL;
	return EVMON_RULE_NONE;
}

static __always_inline void finding_refused(struct finding *f, const struct evmon_task *t,
					    const struct exec_event *e, __u32 hook)
{
	struct evmon_record_exec *exec = &f->detail.exec;
	struct linux_binprm *bprm = e->bprm;
	struct inode *inode = bprm->file->f_inode;

	finding_of(f, e->policy->serial, t, hook);
	f->key.sensor = EVMON_SENSOR_EXEC;
	f->key.verdict = EVMON_VERDICT_DENIED;
	exec->ino = f->key.object.exec.ino = inode->i_ino;
	exec->dev = f->key.object.exec.dev = inode->i_sb->s_dev;
	exec->how = f->key.object.exec.how = e->how;
	exec->deleted = !inode->i_nlink;
	exec->mntns = current_read(nsproxy, mnt_ns, ns.inum);
	exec->uid = bprm->cred->uid.val;
	exec->euid = bprm->cred->euid.val;
	exec->gained = e->gained;
	if (!evmon_can_read_kernel)
		return;
	f->file = (__u64)BPF_CORE_READ(bprm, filename);
	f->interp = (__u64)BPF_CORE_READ(bprm, interp);
	if (f->interp == f->file)
		f->interp = 0;
}

/* Of its own for the sake of the stack. True: refused, and f says why. */
static __noinline int exec_asked(struct linux_binprm *bprm, bool root, __u32 hook,
				 struct finding *f)
{
	struct exec_event e = { .bprm = bprm, .policy = policy_active(), .root = root };
	struct evmon_task *t = task_current();
	struct evmon_task next = {};

	if (!e.policy || bpf_get_current_pid_tgid() >> 32 == 1)
		return false;
	if (t)
		next = *t;
	next.class = class_after(&e, t);
	e.joined = !t || t->class != next.class;
	if (e.joined) {
		next.slot = slot_unnamed(next.class);
		next.flags = 0;
	}
	next.subject = subject_of_class(next.class);
	if (next.subject != EVMON_SUBJECT_EVEREST)
		return false;
	f->key.rule = refusing_rule(&next, &e);
	if (f->key.rule == EVMON_RULE_NONE)
		return false;
	exec_rights(&e, &next, bprm->cred);
	finding_refused(f, &next, &e, hook);
	return true;
}

/* True: told, and to be refused. */
static __always_inline bool on_exec_asked(struct linux_binprm *bprm, bool root, __u32 hook)
{
	struct evmon_task *t = task_current();
	struct finding f = {};

	if (t && t->class == EVMON_CLASS_CANARY) {
		emit_canary(hook);
		return false;
	}
	if (!exec_asked(bprm, root, hook, &f))
		return false;
	emit(&f);
	return true;
}

SEC("?lsm/bprm_creds_from_file")
int BPF_PROG(lsm_bprm_creds, struct linux_binprm *bprm, struct file *file, int ret)
{
	if (ret)
		return ret;
	if (on_exec_asked(bprm, cred_is_root(bprm->cred), EVMON_HOOK_LSM_BPRM_CREDS))
		return verdict_deny();
	return 0;
}

/* Before commoncap: the saved uid is still the old one. */
static __always_inline bool cred_becomes_root(const struct cred *cred)
{
	return !cred->euid.val || !cred->uid.val;
}

SEC("?fmod_ret/security_bprm_creds_from_file")
int BPF_PROG(fmod_ret_bprm_creds, struct linux_binprm *bprm, struct file *file, int ret)
{
	if (ret)
		return ret;
	if (on_exec_asked(bprm, cred_becomes_root(bprm->cred), EVMON_HOOK_FMOD_RET_BPRM_CREDS))
		return verdict_deny();
	return 0;
}

SEC("?fexit/security_bprm_creds_from_file")
int BPF_PROG(fexit_bprm_creds, struct linux_binprm *bprm, struct file *file, int ret)
{
	if (ret < 0)
		on_exec_asked(bprm, cred_becomes_root(bprm->cred), EVMON_HOOK_FEXIT_BPRM_CREDS);
	return 0;
}
