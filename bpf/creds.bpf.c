// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * credentials: what a process becomes without an exec.
 *
 *   fentry/commit_creds   tiers A and B: setuid and its kin, capset, ambient capabilities, unshare
 *                         and setns of a user namespace; exec comes by, too, and is exec.bpf.c's
 *
 * Credentials are a thread's, findings are a process's: setuid() of a C library changes one thread
 * after the other, and some of them at once. So whoever is first claims the change for its process
 * in a map, which is atomic, and those that follow find it claimed.
 *
 * Only what rises is judged. The manager's own drop, and what its child does between fork and
 * exec, give nothing; nor do capabilities kept by who was root until now: what is used of them is
 * told when it is used, what is left of them when something is executed.
 *
 * Not here: the child of clone(CLONE_NEWUSER) begins with its new credentials, and is told of when
 * it uses them; a kernel that is made to overwrite credentials calls no function.
 */
#include "emit.bpf.h"
#include "syscall.bpf.h"
#include "tree.bpf.h"

#define CAP_SYS_ADMIN 21
#define CAPABILITIES  41

/* What a process may have been told of, beside the number of a capability. */
#define CLAIM_ROOT   64
#define CLAIM_USERNS 65 /* + level */

/* Changes of credentials that a process was told of, so that its other threads are not. Written and
 * read here alone. When full the oldest go: of threads that change as late as that, one more
 * would be told of. */
struct claim_key {
	__u64 start_ns; /* of the process */
	__u64 execs;	/* that it made so far */
	__u32 tgid;
	__u32 what; /* number of a capability, or CLAIM_* */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct claim_key);
	__type(value, __u32);
} evmon_claims SEC(".maps");

static __always_inline void claim_fill(struct claim_key *key, __u32 what)
{
	struct task_struct *task = bpf_get_current_task_btf();

	key->start_ns = task->group_leader->start_boottime;
	key->tgid = task->tgid;
	key->execs = task->self_exec_id;
	key->what = what;
}

/* False: another thread of the process was told of. */
static __always_inline bool claim(__u32 what)
{
	struct claim_key key = {};
	__u32 one = 1;

	claim_fill(&key, what);
	return !bpf_map_update_elem(&evmon_claims, &key, &one, BPF_NOEXIST);
}

static __always_inline void claim_drop(__u32 what)
{
	struct claim_key key = {};

	claim_fill(&key, what);
	bpf_map_delete_elem(&evmon_claims, &key);
}

/* exec judges what comes of it itself, when all of it is known. */
static __always_inline bool within_exec(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct syscall call;

	if (bpf_core_field_exists(task->in_execve))
		return BPF_CORE_READ_BITFIELD(task, in_execve);
	return syscall_current(&call) && syscall_is_exec(&call);
}

/*
 * From no root at all to root in any way. The manager may be root from its exec on, so that of it
 * each return counts: from the saved id, too.
 */
static __always_inline bool becomes_root(const struct evmon_task *t, const struct cred *old,
					 const struct cred *new)
{
	if (t->class == EVMON_CLASS_MANAGER)
		return old->euid.val && !new->euid.val;
	return !cred_is_root(old) && cred_is_root(new);
}

static __always_inline bool leaves_root(const struct evmon_task *t, const struct cred *old,
					const struct cred *new)
{
	return becomes_root(t, new, old);
}

/* By what it runs; the manager's permission is to start as root. */
static __always_inline bool may_be_root(const struct evmon_task *t, struct file *file)
{
	const struct evmon_exe *exe;

	if (t->class == EVMON_CLASS_MANAGER)
		return evmon_tree_only;
	exe = file ? exe_lookup(file->f_inode) : NULL;
	return exe && exe->flags & EVMON_EXE_ROOT_ALLOWED;
}

static __always_inline void root_emit(const struct evmon_task *t, const struct evmon_policy *policy,
				      const struct cred *new, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct finding f = {};
	struct evmon_record_exec *exec = &f.detail.exec;

	finding_of(&f, policy->serial, t, EVMON_HOOK_FENTRY_COMMIT_CREDS);
	f.key.sensor = EVMON_SENSOR_EXEC;
	f.key.rule = EVMON_RULE_EXEC_ROOT;
	f.key.verdict = EVMON_VERDICT_ALERT;
	if (policy->root_action == EVMON_ACTION_DENY)
		f.flags = EVMON_RECORD_ASKED_DENY;
	if (file) {
		exec->ino = file->f_inode->i_ino;
		exec->dev = file->f_inode->i_sb->s_dev;
		exec->deleted = !file->f_inode->i_nlink;
	}
	exec->mntns = task->nsproxy->mnt_ns->ns.inum;
	exec->uid = new->uid.val;
	exec->euid = new->euid.val;
	exec->how = EVMON_EXEC_CREDS;
	f.key.object.exec.ino = exec->ino;
	f.key.object.exec.dev = exec->dev;
	f.key.object.exec.how = exec->how;
	emit(&f);
}

static __always_inline void judge_root(const struct evmon_task *t,
				       const struct evmon_policy *policy, const struct cred *old,
				       const struct cred *new)
{
	struct mm_struct *mm = bpf_get_current_task_btf()->mm;
	struct file *file = mm ? mm->exe_file : NULL;

	if (leaves_root(t, old, new))
		claim_drop(CLAIM_ROOT);
	if (!becomes_root(t, old, new) || policy->root_action == EVMON_ACTION_ALLOW ||
	    may_be_root(t, file) || !claim(CLAIM_ROOT))
		return;
	if (t->flags & EVMON_TASK_ROOT_MODULE) /* told of at its exec, for as long as it runs */
		stats_count(standing);
	else
		root_emit(t, policy, new, file);
}

static __always_inline void held_emit_one(const struct evmon_task *t, __u32 policy, __u16 rule,
					  __u32 number, __u32 userns)
{
	struct finding f = {};

	finding_of(&f, policy & 0xff, t, EVMON_HOOK_FENTRY_COMMIT_CREDS);
	f.key.sensor = EVMON_SENSOR_CAPABILITY;
	f.key.rule = rule;
	f.key.verdict = EVMON_VERDICT_ALERT;
	if (policy >> 8)
		f.flags = EVMON_RECORD_ASKED_DENY;
	f.key.object.capability.number = number;
	f.key.object.capability.kind = EVMON_CAPABILITY_HELD;
	f.key.object.capability.userns = userns;
	f.detail.capability.number = number;
	f.detail.capability.kind = EVMON_CAPABILITY_HELD;
	f.detail.capability.userns = userns;
	emit(&f);
}

/* Global: verified once. `policy`: its serial, and << 8 whether it denies. */
int gained_emit(struct evmon_task *t, __u64 beyond, __u32 policy);
int gained_emit(struct evmon_task *t, __u64 beyond, __u32 policy)
{
	if (!t)
		return 0;
	for (__u32 i = 0; i < CAPABILITIES; i++)
		if (beyond >> i & 1 && claim(i))
			held_emit_one(t, policy, EVMON_RULE_CAPABILITY_HELD, i, 0);
	return 0;
}

/* Whoever enters a user namespace has all capabilities there: one finding, by the one that has
 * most of the others in it. */
static __always_inline void judge_userns(const struct evmon_task *t, __u32 policy,
					 const struct cred *new)
{
	__u32 level = new->user_ns->level;

	if (capability_bits(new->cap_permitted) && claim(CLAIM_USERNS + level))
		held_emit_one(t, policy, EVMON_RULE_CAPABILITY_USERNS, CAP_SYS_ADMIN, level);
}

static __always_inline void judge_gained(struct evmon_task *t, const struct evmon_policy *policy,
					 const struct cred *old, const struct cred *new)
{
	__u32 how = policy->serial | (policy->capability_action == EVMON_ACTION_DENY) << 8;
	__u64 gained;

	if (policy->capability_action == EVMON_ACTION_ALLOW || cred_is_root(old) ||
	    cred_is_root(new))
		return;
	if (t->class == EVMON_CLASS_MANAGER && t->flags & EVMON_TASK_UNEXECED)
		return;
	if (new->user_ns->level) {
		if (new->user_ns != old->user_ns)
			judge_userns(t, how, new);
		return;
	}
	gained = (capability_bits(new->cap_permitted) & ~capability_bits(old->cap_permitted)) |
		 (capability_bits(new->cap_ambient) & ~capability_bits(old->cap_ambient));
	gained &= ~task_capabilities(policy, t);
	if (!gained)
		return;
	if (t->class == EVMON_CLASS_PENDING) { /* user space judges, once the module is known */
		t->held |= gained;
		stats_count(pending);
		return;
	}
	gained_emit(t, gained, how);
}

SEC("?fentry/commit_creds")
int BPF_PROG(fentry_commit_creds, struct cred *new)
{
	struct evmon_task *t = task_current();
	const struct evmon_policy *policy;
	const struct cred *old;

	if (!t || within_exec())
		return 0;
	if (t->class == EVMON_CLASS_CANARY) {
		emit_canary(EVMON_HOOK_FENTRY_COMMIT_CREDS);
		return 0;
	}
	policy = policy_active();
	if (!policy || t->subject != EVMON_SUBJECT_EVEREST)
		return 0;
	old = bpf_get_current_task_btf()->cred;
	judge_root(t, policy, old, new);
	judge_gained(t, policy, old, new);
	return 0;
}
