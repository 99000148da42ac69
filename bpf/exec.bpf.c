// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exec: the moment at which a task gets its class, and is judged for what it now is.
 *
 *   tp_btf/sched_process_exec   all tiers with BTF: credentials are final, argv is in place, the
 *                               new image has not run one instruction
 *
 * Judged here: exec as root inside the tree (a root module is one standing finding, not one for
 * each thing it runs), rights that come with a file, a shell under a module, the admin panel by
 * executable and argv[0], and the capabilities that this exec left beyond the list, EVerest's
 * CAP_CHOWN surplus as a rule of its own. Ids are those of the initial user namespace: root in
 * another one is not root, and what it holds there is not held here.
 */
#include "emit.bpf.h"
#include "script.bpf.h"
#include "shell.bpf.h"
#include "slot.bpf.h"
#include "task.bpf.h"
#include "tree.bpf.h"

#define CAP_CHOWN    0
#define CAPABILITIES 41
#define S_ISUID	     04000
#define S_ISGID	     02000

struct exec_event {
	struct task_struct *task;
	struct linux_binprm *bprm;
	const struct cred *cred; /* that the exec gives */
	const struct evmon_policy *policy;
	struct evmon_exe *exe;
	__u64 arguments; /* where argv is; 0: it may not be read */
	__u64 from_file; /* capabilities that the file gave */
	bool joined;	 /* this exec gives the class */
	bool script;	 /* by the script that it runs */
	bool root;
};

/* Without root, what is permitted beyond what is ambient came with the file. */
static __always_inline __u64 rights_of_file(const struct exec_event *e)
{
	const struct cred *cred = e->cred;

	if (e->root || cred->user_ns->level)
		return 0;
	return capability_bits(cred->cap_permitted) & ~capability_bits(cred->cap_ambient);
}

static __always_inline __u8 exec_how(const struct exec_event *e)
{
	unsigned short mode = e->bprm->file->f_inode->i_mode;

	if (e->cred->euid.val != e->cred->uid.val && mode & S_ISUID)
		return EVMON_EXEC_SETUID;
	if (e->cred->egid.val != e->cred->gid.val && mode & S_ISGID)
		return EVMON_EXEC_SETGID;
	return e->from_file ? EVMON_EXEC_FCAPS : EVMON_EXEC_EXEC;
}

static __always_inline void finding_exec(struct finding *f, const struct evmon_task *t,
					 const struct exec_event *e)
{
	struct inode *inode = e->bprm->file->f_inode;
	struct evmon_record_exec *exec = &f->detail.exec;
	__u64 how;

	finding_of(f, e->policy->serial, t, EVMON_HOOK_TP_EXEC);
	f->key.sensor = EVMON_SENSOR_EXEC;
	f->file = (__u64)e->bprm->filename;
	if (e->bprm->interp != e->bprm->filename)
		f->interp = (__u64)e->bprm->interp;
	if (e->joined)
		f->flags = EVMON_RECORD_JOINED;
	exec->ino = f->key.object.exec.ino = inode->i_ino;
	exec->dev = f->key.object.exec.dev = inode->i_sb->s_dev;
	how = exec_how(e);
	asm volatile("" : "+r"(how)); /* else the verifier follows what comes for each */
	exec->how = f->key.object.exec.how = how;
	exec->mntns = e->task->nsproxy->mnt_ns->ns.inum;
	exec->uid = e->cred->uid.val;
	exec->euid = e->cred->euid.val;
	exec->deleted = !inode->i_nlink;
	exec->gained = e->from_file & ~task_capabilities(e->policy, t);
}

/* No hook of exec's refuses. */
static __always_inline __u16 asked(__u8 action)
{
	return action == EVMON_ACTION_DENY ? EVMON_RECORD_ASKED_DENY : 0;
}

/* A function of its own: a finding at a time on the stack, of which calls share 512 bytes. */
static __noinline int exec_emit(const struct evmon_task *t, const struct exec_event *e, __u16 rule,
				__u16 flags)
{
	struct finding f = {};

	finding_exec(&f, t, e);
	f.key.rule = rule;
	f.key.verdict = rule == EVMON_RULE_NONE ? EVMON_VERDICT_ALLOW : EVMON_VERDICT_ALERT;
	f.flags |= flags;
	emit(&f);
	return 0;
}

/* Every root exec in the tree but those of what may be root; a root module's are one finding. */
static __always_inline bool judge_root(const struct evmon_task *t, const struct exec_event *e)
{
	if (!e->root || e->policy->root_action == EVMON_ACTION_ALLOW)
		return false;
	if (e->exe && e->exe->flags & EVMON_EXE_ROOT_ALLOWED)
		return false;
	if (evmon_tree_only && t->class == EVMON_CLASS_MANAGER)
		return false;
	if (t->class == EVMON_CLASS_PENDING && e->joined) { /* as what is held, see judge_held() */
		stats_count(pending);
		return false;
	}
	if (t->class >= EVMON_CLASS_MODULE && e->joined) {
		exec_emit(t, e, EVMON_RULE_EXEC_ROOT,
			  EVMON_RECORD_STANDING | asked(e->policy->root_action));
		return true;
	}
	if (t->flags & EVMON_TASK_ROOT_MODULE && !e->joined) {
		stats_count(standing);
		return false;
	}
	exec_emit(t, e, EVMON_RULE_EXEC_ROOT, asked(e->policy->root_action));
	return true;
}

/* EVerest's admin panel: src/controller, argv[0] MT.EVEREST (manager_admin_panel.cpp). */
static __noinline int exec_is_panel(const struct exec_event *e)
{
	union name name = {}, argv0 = {};

	if (e->policy->admin_panel_action == EVMON_ACTION_ALLOW)
		return false;
	name_of_file(&name, e->bprm->file);
	if (!evmon_can_read_kernel)
		bpf_get_current_comm(name.text, sizeof(name)); /* of the path it was given */
	if (e->arguments)
		bpf_probe_read_user_str(argv0.text, sizeof(argv0), (void *)e->arguments);
	return NAME_IS(&name, "controller") || NAME_IS(&argv0, "MT.EVEREST");
}

/* A shell under a module whose work it is not. */
static __noinline int exec_is_shell(const struct evmon_task *t, const struct exec_event *e)
{
	__u16 flags = e->exe ? e->exe->flags : 0;
	union name name = {};
	__u32 class = t->class;

	if (e->policy->shell_action == EVMON_ACTION_ALLOW || e->joined ||
	    class < EVMON_CLASS_MODULE)
		return false;
	asm volatile("" : "+r"(class)); /* so that this bound is checked by itself */
	if (class >= EVMON_CLASSES || e->policy->class[class].shell)
		return false;
	name_of_file(&name, e->bprm->file);
	if (flags & EVMON_EXE_APPLETS || name_is_applets(&name))
		return e->arguments && applet_is_shell(e->arguments);
	return flags & EVMON_EXE_SHELL || name_is_shell(&name);
}

/* Rights that the file gave, and that are not root's: another's ids, capabilities. */
static __always_inline bool exec_is_gain(const struct evmon_task *t, const struct exec_event *e)
{
	__u8 how = exec_how(e);

	if (e->root)
		return false;
	if (how == EVMON_EXEC_SETUID || how == EVMON_EXEC_SETGID)
		return true;
	return t->class != EVMON_CLASS_PENDING &&
	       e->policy->capability_action != EVMON_ACTION_ALLOW &&
	       e->from_file & ~task_capabilities(e->policy, t);
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

/* What the exec left beyond the list; at a descendant's exec only what its module was not left. */
static __always_inline void judge_held(struct evmon_task *t, const struct exec_event *e)
{
	const struct cred *cred = e->cred;
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
	for (__u32 i = 0; i < CAPABILITIES; i++)
		if (beyond >> i & 1)
			capability_emit(how, i, e->joined);
}

/* What the new image makes of the task by itself; HOST: nothing. */
static __always_inline __u16 class_of_exec(struct exec_event *e, const struct evmon_task *t)
{
	__u16 class;

	if (task_is_root(e->task) || file_is_manager(e->bprm->file))
		return EVMON_CLASS_MANAGER;
	class = class_of_file(e->exe, e->bprm->file);
	if (!evmon_can_read_user && class >= EVMON_CLASS_MODULE && (!t || t->class != class))
		return EVMON_CLASS_PENDING; /* its instance is for user space to say */
	if (class != EVMON_CLASS_HOST || !t || t->class != EVMON_CLASS_MANAGER ||
	    !(t->flags & EVMON_TASK_UNEXECED) || !file_is_interpreter(e->bprm->file))
		return class;
	e->script = true;
	return script_class(e->arguments);
}

/* The task's entry, made if the exec takes it into a tree; NULL: it is and stays host. Not inline
 * for the sake of the stack, too. */
static __noinline struct evmon_task *on_exec_join(struct exec_event *e)
{
	struct evmon_task *t = task_current();
	__u16 now = t ? t->class : EVMON_CLASS_HOST;
	__u32 tgid = e->task->tgid;
	struct evmon_task next = {};

	if (!t && evmon_tree_only)
		return NULL;
	if (!t && !(e->exe && e->exe->flags & EVMON_EXE_STARTER) && task_in_unit(e->task))
		now = EVMON_CLASS_OTHER;
	next.class = class_after_image(now, class_of_exec(e, t));
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

/* What it breaks as bits, and then each told: the verifier follows one sequence, not each before the
 * other. */
enum {
	TELL_PANEL = 1 << 0,
	TELL_GAINED = 1 << 1,
	TELL_SHELL = 1 << 2,
};

static __always_inline bool judge(struct evmon_task *t, const struct exec_event *e)
{
	__u64 tell = 0;
	bool root;

	if (exec_is_panel(e))
		tell |= TELL_PANEL;
	if (exec_is_gain(t, e))
		tell |= TELL_GAINED;
	if (exec_is_shell(t, e))
		tell |= TELL_SHELL;
	asm volatile("" : "+r"(tell));
	if (tell & TELL_PANEL)
		exec_emit(t, e, EVMON_RULE_EXEC_ADMIN_PANEL, asked(e->policy->admin_panel_action));
	root = judge_root(t, e);
	if (tell & TELL_GAINED)
		exec_emit(t, e, EVMON_RULE_EXEC_GAINED, 0);
	if (tell & TELL_SHELL)
		exec_emit(t, e, EVMON_RULE_EXEC_SHELL, asked(e->policy->shell_action));
	judge_held(t, e);
	return root || tell;
}

static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_event e = {
		.task = task,
		.bprm = bprm,
		.cred = task->cred,
		.policy = policy_active(),
		.exe = exe_lookup(bprm->file->f_inode),
		.arguments = evmon_can_read_user ? task->mm->arg_start : 0,
		.root = cred_is_root(task->cred),
	};
	struct evmon_task *t = on_exec_join(&e);
	bool told = false;

	if (t && t->class == EVMON_CLASS_CANARY) {
		emit_canary(EVMON_HOOK_TP_EXEC);
		return 0;
	}
	if (!t || !e.policy)
		return 0;
	e.from_file = rights_of_file(&e);
	if (t->subject == EVMON_SUBJECT_EVEREST)
		told = judge(t, &e);
	/* Who joined is told to user space; every exec while tracing. */
	if (e.joined || (evmon_tracing && !told))
		exec_emit(t, &e, EVMON_RULE_NONE, 0);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(tp_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec(task, bprm);
}
