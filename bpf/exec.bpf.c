// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exec: the moment at which a task gets its class, and is judged for what it now is.
 *
 *   tp_btf/sched_process_exec   all tiers with BTF: credentials are final, argv is in place, the
 *                               new image has not run one instruction; what a rule denies and
 *                               nobody refused before (exec_deny.bpf.c) is killed here
 *
 * Judged here: exec as root inside the tree (a root module is one standing finding, not one for
 * each thing it runs), rights that come with a file, a shell under a module, the admin panel by
 * executable and argv[0], and the capabilities that this exec left beyond the list, EVerest's
 * CAP_CHOWN surplus as a rule of its own. Ids are those of the initial user namespace: root in
 * another one is not root, and what it holds there is not held here.
 */
#include "creds.bpf.h"
#include "exec.bpf.h"
#include "slot.bpf.h"
#include "verdict.bpf.h"

#define CAP_CHOWN    0
#define CAPABILITIES 41

/* Whoever traces ignores actions. */
static __always_inline __u16 asked(__u8 action)
{
	return action == EVMON_ACTION_DENY && !evmon_tracing ? EVMON_RECORD_ASKED_DENY : 0;
}

/* A finding on what the current task has just become; its file is that of its memory by now. what:
 * EVMON_EXEC_*, and << 8 the policy's serial; rule: and << 16 EVMON_RECORD_*, ASKED_DENY where the
 * rule denies and nobody could refuse it before: then the task ends here. Global: verified
 * once, and not for each rule; by numbers alone, for 5.10 takes no pointer there. */
int exec_emit(__u64 file, __u64 interp, __u64 gained, __u32 what, __u32 rule);
int exec_emit(__u64 file, __u64 interp, __u64 gained, __u32 what, __u32 rule)
{
	struct finding f = {};
	struct evmon_record_exec *exec = &f.detail.exec;
	struct evmon_task *t;

	/* The arguments first: there is no room to keep them anywhere else. */
	f.file = file;
	f.interp = interp;
	f.key.rule = rule;
	f.key.verdict = (__u16)rule == EVMON_RULE_NONE ? EVMON_VERDICT_ALLOW : EVMON_VERDICT_ALERT;
	f.flags = rule >> 16;
	f.policy = what >> 8;
	exec->how = f.key.object.exec.how = what;
	exec->gained = gained;
	if (f.flags & EVMON_RECORD_ASKED_DENY && verdict_kill()) {
		f.key.verdict = EVMON_VERDICT_KILLED;
		f.flags &= ~(EVMON_RECORD_ASKED_DENY | EVMON_RECORD_STANDING);
	}
	t = task_current();
	if (!t)
		return 0;
	finding_of(&f, f.policy, t, EVMON_HOOK_TP_EXEC);
	f.key.sensor = EVMON_SENSOR_EXEC;
	exec->ino = f.key.object.exec.ino = current_read(mm, exe_file, f_inode, i_ino);
	exec->dev = f.key.object.exec.dev = current_read(mm, exe_file, f_inode, i_sb, s_dev);
	exec->deleted = !current_read(mm, exe_file, f_inode, i_nlink);
	exec->mntns = current_read(nsproxy, mnt_ns, ns.inum);
	exec->uid = current_read(cred, uid.val);
	exec->euid = current_read(cred, euid.val);
	emit(&f);
	return 0;
}

static __always_inline void exec_tell(const struct exec_event *e, __u16 rule, __u16 flags)
{
	__u32 what = e->how | e->policy->serial << 8;
	struct linux_binprm *bprm = e->bprm;
	__u64 file = 0, interp = 0;

	if (evmon_can_read_kernel) { /* as numbers, from which 6.18 tells pointers to text, too */
		file = (__u64)BPF_CORE_READ(bprm, filename);
		interp = (__u64)BPF_CORE_READ(bprm, interp);
	}
	if (e->joined)
		flags |= EVMON_RECORD_JOINED;
	exec_emit(file, interp == file ? 0 : interp, e->gained, what, rule | flags << 16);
}

static __always_inline bool judge_root(const struct evmon_task *t, const struct exec_event *e)
{
	enum exec_root root = exec_root(t, e);

	if (root == EXEC_ROOT_WITHHELD) /* as what is held, see judge_held() */
		stats_count(pending);
	else if (root == EXEC_ROOT_OF_THAT)
		stats_count(standing);
	else if (root != EXEC_ROOT_NONE)
		exec_tell(e, EVMON_RULE_EXEC_ROOT,
			  asked(e->policy->root_action) |
				  (root == EXEC_ROOT_MODULE ? EVMON_RECORD_STANDING : 0));
	return root == EXEC_ROOT_FOUND || root == EXEC_ROOT_MODULE;
}

/* Rights that the file gave, and that are not root's: another's ids, capabilities. */
static __always_inline bool exec_is_gain(const struct evmon_task *t, const struct exec_event *e)
{
	if (e->root)
		return false;
	if (e->how == EVMON_EXEC_SETUID || e->how == EVMON_EXEC_SETGID)
		return true;
	return e->gained && t->class != EVMON_CLASS_PENDING &&
	       e->policy->capability_action != EVMON_ACTION_ALLOW;
}

/* EVerest's surplus comes with the capabilities that it gives a module at its own exec, and only
 * then; what a descendant gains later is no part of it. Global: verified once, and not for each
 * path that leads to it; by numbers alone, for 5.10 takes no pointer there. `policy`: its serial,
 * and << 8 whether it denies, which no hook can. */
int capability_emit(__u32 policy, __u32 number, __u32 joined);
int capability_emit(__u32 policy, __u32 number, __u32 joined)
{
	struct evmon_task *t = task_current();
	struct finding f = {};

	if (!t)
		return 0;
	finding_of(&f, policy & 0xff, t, EVMON_HOOK_TP_EXEC);
	f.key.sensor = EVMON_SENSOR_CAPABILITY;
	f.key.rule = EVMON_RULE_CAPABILITY_HELD;
	f.key.verdict = EVMON_VERDICT_ALERT;
	if (policy >> 8)
		f.flags = EVMON_RECORD_ASKED_DENY;
	if (joined && number == CAP_CHOWN && t->held & (t->held - 1)) {
		f.key.rule = EVMON_RULE_CAPABILITY_EVEREST_CHOWN;
		f.flags = EVMON_RECORD_STANDING;
	}
	f.key.object.capability.number = number;
	f.key.object.capability.kind = EVMON_CAPABILITY_HELD;
	f.detail.capability.number = number;
	f.detail.capability.kind = EVMON_CAPABILITY_HELD;
	emit(&f);
	return 0;
}

/* Each of them: global, so that the loop is followed once. */
int capabilities_emit(__u32 policy, __u64 beyond, __u32 joined);
__noinline int capabilities_emit(__u32 policy, __u64 beyond, __u32 joined)
{
	for (__u32 i = 0; i < CAPABILITIES; i++)
		if (beyond >> i & 1)
			capability_emit(policy, i, joined);
	return 0;
}

/* What the exec left beyond the list; at a descendant's exec only what its module was not left. */
static __always_inline void judge_held(struct evmon_task *t, const struct exec_event *e)
{
	const struct cred *cred = e->task->cred;
	__u64 held = capability_bits(cred->cap_permitted) | capability_bits(cred->cap_ambient);
	__u64 beyond;
	__u32 how;

	if (cred->user_ns->level)
		held = 0;
	beyond = held & ~task_capabilities(e->policy, t);
	if (e->joined)
		t->held = held;
	else
		beyond &= ~t->held;
	if (e->root || e->policy->capability_action == EVMON_ACTION_ALLOW)
		return;
	if (t->class == EVMON_CLASS_PENDING) { /* user space judges, once the module is known */
		stats_count(pending);
		return;
	}
	how = e->policy->serial | (e->policy->capability_action == EVMON_ACTION_DENY) << 8;
	capabilities_emit(how, beyond, e->joined);
}

/* The task's entry, made if the exec takes it into a tree; NULL: it is and stays host. Not inline
 * for the sake of the stack, too. */
static __noinline struct evmon_task *on_exec_join(struct exec_event *e)
{
	struct evmon_task *t = task_current();
	__u32 tgid = e->task->tgid;
	struct evmon_task next = { .class = class_after(e, t) };

	if (t && t->class == next.class) {
		t->flags &= ~(EVMON_TASK_UNEXECED | EVMON_TASK_ORPHAN);
		/* A module that runs its own file again is still the same instance. */
		return t;
	}
	if (next.class == EVMON_CLASS_HOST) {
		if (t)
			bpf_map_delete_elem(&evmon_tasks, &tgid);
		return NULL;
	}
	e->joined = true;
	next.subject = subject_of_class(next.class);
	next.start_ns = e->task->group_leader->start_boottime;
	next.slot = slot_of(next.class, e->task->mm, e->script);
	if (next.class >= EVMON_CLASS_PENDING && e->root)
		next.flags = EVMON_TASK_ROOT_MODULE;
	if (bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_ANY)) {
		tasks_are_full();
		return task_unlisted();
	}
	return bpf_map_lookup_elem(&evmon_tasks, &tgid);
}

/* The verifier follows one sequence, and not what comes after each by itself: so it is made to
 * forget what it knows of an answer. */
#define forget(x) asm volatile("" : "+r"(x))

enum {
	TELL_PANEL = 1 << 0,
	TELL_GAINED = 1 << 1,
	TELL_SHELL = 1 << 2,
};

static __always_inline __u64 judge(struct evmon_task *t, const struct exec_event *e)
{
	__u64 tell = exec_is_panel(e);

	forget(tell);
	tell |= (__u64)exec_is_gain(t, e) << 1;
	forget(tell);
	tell |= (__u64)exec_is_shell(t, e) << 2;
	forget(tell);
	if (tell & TELL_PANEL)
		exec_tell(e, EVMON_RULE_EXEC_ADMIN_PANEL, asked(e->policy->admin_panel_action));
	tell |= (__u64)judge_root(t, e) << 3;
	forget(tell);
	if (tell & TELL_GAINED)
		exec_tell(e, EVMON_RULE_EXEC_GAINED, 0);
	if (tell & TELL_SHELL)
		exec_tell(e, EVMON_RULE_EXEC_SHELL, asked(e->policy->shell_action));
	judge_held(t, e);
	return tell;
}

static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_event e = { .task = task, .bprm = bprm, .policy = policy_active() };
	__u64 root = cred_is_root(task->cred);
	struct evmon_task *t;
	bool told = false;

	forget(root);
	e.root = root;
	t = on_exec_join(&e);
	/* Here, and not at the end: paths through the rest are many. */
	if (evmon_late_creds)
		creds_executed();
	if (t && t->class == EVMON_CLASS_CANARY) {
		emit_canary(EVMON_HOOK_TP_EXEC);
		return 0;
	}
	if (!t || !e.policy)
		return 0;
	exec_rights(&e, t, task->cred);
	if (t->subject == EVMON_SUBJECT_EVEREST)
		told = judge(t, &e);
	/* Who joined is told to user space; every exec while tracing. */
	if (e.joined || (evmon_tracing && !told))
		exec_tell(&e, EVMON_RULE_NONE, 0);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(tp_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec(task, bprm);
}
