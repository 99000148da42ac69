// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * credentials: what a process becomes without an exec.
 *
 *   fentry/commit_creds   tiers A and B: setuid and its kin, capset, ambient capabilities, unshare
 *                         and setns of a user namespace; exec comes by, too, and is exec.bpf.c's
 *   kprobe/commit_creds   tier C: the same, where trampolines do not attach
 *   tp_btf/cap_capable    tier C without kprobes, 6.14 and later: no hook sees the change, so each
 *                         check that a process of the tree makes (the next memory that it takes
 *                         makes one, and so does a fork) is a look at what it has become
 *
 * Credentials are a thread's, findings are a process's: setuid() of a C library changes one thread
 * after the other, and some of them at once. So whoever is first claims the change for its process
 * in a map, which is atomic, and those that follow find it claimed. Who only looks goes by the
 * first thread alone: of threads half of which have changed, each look would see another process.
 *
 * Only what rises is judged. The manager's own drop, and what its child does between fork and
 * exec, give nothing; nor do capabilities kept by who was root until now: what is used of them is
 * told when it is used, what is left of them when something is executed.
 *
 * Not here: the child of clone(CLONE_NEWUSER) begins with its new credentials, and is told of when
 * it uses them; a kernel that is made to overwrite credentials calls no function.
 */
#include "creds.bpf.h"
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
	key->start_ns = current_read(group_leader, start_boottime);
	key->tgid = bpf_get_current_pid_tgid() >> 32;
	key->execs = current_read(self_exec_id);
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
	struct task_struct *task = (void *)bpf_get_current_task();
	struct syscall call;

	if (!bpf_core_field_exists(task->in_execve))
		return syscall_current(&call) && syscall_is_exec(&call);
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	return BPF_CORE_READ_BITFIELD(bpf_get_current_task_btf(), in_execve);
}

/* By what it runs; the manager's permission is to start as root. */
static __always_inline bool may_be_root(const struct evmon_task *t)
{
	struct evmon_exe_key key = {};
	const struct evmon_exe *exe;

	if (t->class == EVMON_CLASS_MANAGER)
		return evmon_tree_only;
	key.ino = current_read(mm, exe_file, f_inode, i_ino);
	key.dev = current_read(mm, exe_file, f_inode, i_sb, s_dev);
	exe = bpf_map_lookup_elem(&evmon_exes, &key);
	return exe && exe->flags & EVMON_EXE_ROOT_ALLOWED;
}

/* What judges, in one number: the serial of the policy, what it wants to be denied, and the hook.
 * The functions that take it are global, verified once, and have numbers alone, for 5.10 takes no
 * pointer there. */
#define JUDGE_DENIES_ROOT	  (1 << 8)
#define JUDGE_DENIES_CAPABILITIES (1 << 9)
#define JUDGE_HOOK_SHIFT	  16

static __always_inline __u32 judge_of(const struct evmon_policy *policy, __u32 hook)
{
	__u32 judge = policy->serial | hook << JUDGE_HOOK_SHIFT;

	if (policy->root_action == EVMON_ACTION_DENY)
		judge |= JUDGE_DENIES_ROOT;
	if (policy->capability_action == EVMON_ACTION_DENY)
		judge |= JUDGE_DENIES_CAPABILITIES;
	return judge;
}

int root_emit(__u32 judge, __u32 uid, __u32 euid);
int root_emit(__u32 judge, __u32 uid, __u32 euid)
{
	struct evmon_task *t = task_current();
	struct finding f = {};
	struct evmon_record_exec *exec = &f.detail.exec;

	if (!t)
		return 0;
	finding_of(&f, judge & 0xff, t, judge >> JUDGE_HOOK_SHIFT);
	f.key.sensor = EVMON_SENSOR_EXEC;
	f.key.rule = EVMON_RULE_EXEC_ROOT;
	f.key.verdict = EVMON_VERDICT_ALERT;
	if (judge & JUDGE_DENIES_ROOT)
		f.flags = EVMON_RECORD_ASKED_DENY;
	exec->ino = current_read(mm, exe_file, f_inode, i_ino);
	exec->dev = current_read(mm, exe_file, f_inode, i_sb, s_dev);
	exec->deleted = exec->ino && !current_read(mm, exe_file, f_inode, i_nlink);
	exec->mntns = current_read(nsproxy, mnt_ns, ns.inum);
	exec->uid = uid;
	exec->euid = euid;
	exec->how = EVMON_EXEC_CREDS;
	f.key.object.exec.ino = exec->ino;
	f.key.object.exec.dev = exec->dev;
	f.key.object.exec.how = exec->how;
	emit(&f);
	return 0;
}

static __always_inline void judge_root(const struct evmon_task *t,
				       const struct evmon_policy *policy, bool was,
				       const struct rights *now, __u32 hook)
{
	bool is = rights_are_root(now, t->class);

	if (was && !is)
		claim_drop(CLAIM_ROOT);
	if (was || !is || policy->root_action == EVMON_ACTION_ALLOW || may_be_root(t) ||
	    !claim(CLAIM_ROOT))
		return;
	if (t->flags & EVMON_TASK_ROOT_MODULE) /* told of at its exec, for as long as it runs */
		stats_count(standing);
	else
		root_emit(judge_of(policy, hook), now->uid, now->euid);
}

int held_emit(__u32 judge, __u32 rule, __u32 number, __u32 userns);
int held_emit(__u32 judge, __u32 rule, __u32 number, __u32 userns)
{
	struct evmon_task *t = task_current();
	struct finding f = {};

	if (!t)
		return 0;
	finding_of(&f, judge & 0xff, t, judge >> JUDGE_HOOK_SHIFT);
	f.key.sensor = EVMON_SENSOR_CAPABILITY;
	f.key.rule = rule;
	f.key.verdict = EVMON_VERDICT_ALERT;
	if (judge & JUDGE_DENIES_CAPABILITIES)
		f.flags = EVMON_RECORD_ASKED_DENY;
	f.key.object.capability.number = number;
	f.key.object.capability.kind = EVMON_CAPABILITY_HELD;
	f.key.object.capability.userns = userns;
	f.detail.capability.number = number;
	f.detail.capability.kind = EVMON_CAPABILITY_HELD;
	f.detail.capability.userns = userns;
	emit(&f);
	return 0;
}

/* Whoever enters a user namespace has all capabilities there: one finding, by the one that has
 * most of the others in it. */
static __always_inline void judge_userns(__u32 judge, const struct rights *now)
{
	if (now->permitted && claim(CLAIM_USERNS + now->level))
		held_emit(judge, EVMON_RULE_CAPABILITY_USERNS, CAP_SYS_ADMIN, now->level);
}

static __always_inline void judge_gained(struct evmon_task *t, const struct evmon_policy *policy,
					 const struct rights *before, const struct rights *now,
					 __u32 hook)
{
	__u64 gained;

	if (policy->capability_action == EVMON_ACTION_ALLOW || rights_are_hosts_root(before) ||
	    rights_are_hosts_root(now))
		return;
	if (t->class == EVMON_CLASS_MANAGER && t->flags & EVMON_TASK_UNEXECED)
		return;
	if (now->level) {
		if (now->user_ns != before->user_ns)
			judge_userns(judge_of(policy, hook), now);
		return;
	}
	gained = (now->permitted & ~before->permitted) | (now->ambient & ~before->ambient);
	gained &= ~task_capabilities(policy, t);
	if (!gained)
		return;
	if (t->class == EVMON_CLASS_PENDING) { /* user space judges, once the module is known */
		t->held |= gained;
		stats_count(pending);
		return;
	}
	for (__u32 i = 0; i < CAPABILITIES; i++)
		if (gained >> i & 1 && claim(i))
			held_emit(judge_of(policy, hook), EVMON_RULE_CAPABILITY_HELD, i, 0);
}

/* The task whose change is to be judged; NULL: none, or it was the canary's. */
static __always_inline struct evmon_task *task_changing(__u32 hook)
{
	struct evmon_task *t = task_current();

	if (!t || within_exec())
		return NULL;
	if (t->class == EVMON_CLASS_CANARY) {
		emit_canary(hook);
		return NULL;
	}
	return t->subject == EVMON_SUBJECT_EVEREST ? t : NULL;
}

static __always_inline int on_change(struct evmon_task *t, const struct rights *now, __u32 hook)
{
	const struct evmon_policy *policy = policy_active();
	struct rights before;

	if (!policy)
		return 0;
	rights_of_current(&before);
	judge_root(t, policy, rights_are_root(&before, t->class), now, hook);
	judge_gained(t, policy, &before, now, hook);
	return 0;
}

SEC("?fentry/commit_creds")
int BPF_PROG(fentry_commit_creds, struct cred *new)
{
	struct evmon_task *t = task_changing(EVMON_HOOK_FENTRY_COMMIT_CREDS);
	struct rights now;

	if (!t)
		return 0;
	rights_of(&now, new);
	return on_change(t, &now, EVMON_HOOK_FENTRY_COMMIT_CREDS);
}

/* The argument is a mere number to the verifier: what it points at is copied. */
SEC("?kprobe/commit_creds")
int BPF_KPROBE(kprobe_commit_creds, const struct cred *new)
{
	struct evmon_task *t = task_changing(EVMON_HOOK_KPROBE_COMMIT_CREDS);
	struct rights now;

	if (!t)
		return 0;
	rights_copy(&now, new);
	return on_change(t, &now, EVMON_HOOK_KPROBE_COMMIT_CREDS);
}

/* --- where no hook sees the change --------------------------------------------------------------
 * What was seen last is in the task's entry, and goes to its children with it. */

int creds_executed(void)
{
	struct evmon_task *t = task_current();
	struct rights now;

	if (!t)
		return 0;
	rights_of_current(&now);
	creds_note(t, &now);
	return 0;
}

static __always_inline int creds_look(void)
{
	struct evmon_task *t = task_changing(EVMON_HOOK_TP_CREDS);
	const struct evmon_policy *policy = policy_active();
	struct rights now;
	bool was, is;

	if (!t || !policy || (t->class == EVMON_CLASS_MANAGER && t->flags & EVMON_TASK_UNEXECED))
		return 0;
	rights_of_leader(&now);
	was = t->flags & EVMON_TASK_IS_ROOT;
	is = rights_are_root(&now, t->class);
	if (was == is && now.level == t->userns)
		return 0;
	judge_root(t, policy, was, &now, EVMON_HOOK_TP_CREDS);
	if (now.level > t->userns && policy->capability_action != EVMON_ACTION_ALLOW &&
	    !rights_are_hosts_root(&now))
		judge_userns(judge_of(policy, EVMON_HOOK_TP_CREDS), &now);
	creds_note(t, &now);
	return 0;
}

SEC("?tp_btf/cap_capable")
int BPF_PROG(tp_creds, const struct cred *cred, struct user_namespace *ns,
	     struct user_namespace *capable_ns, int number, int ret)
{
	return creds_look();
}
