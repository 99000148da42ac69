// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tier D: kernels with BPF and without BTF. An object of its own, for a single CO-RE relocation
 * makes libbpf demand BTF for all of it; so nothing here looks into a structure of the kernel, but
 * for what tracepoints, registers and helpers give.
 *
 *   tracepoint/task/task_newtask          a child takes the class of the task that forks
 *   raw_tp/sched_process_exit             forgets a process; one with threads is swept later
 *   tracepoint/cgroup/cgroup_mkdir        systemd makes the unit's cgroup anew at each restart
 *   tracepoint/sched/sched_process_exec   the class that a path gives; user space judges, late
 *   cgroup/post_bind4, cgroup/post_bind6  what is bound, by the port that resulted
 *   cgroup/bind4, cgroup/bind6            refuse; while tracing, see what another refused
 *   kprobe/security_capable               what is asked for, and by whom
 *   kretprobe/security_capable            what came of it
 *
 * A task's start is not known here: a number that is taken anew gets its entry anew at the fork, or
 * loses it, so that nobody inherits what was another's.
 */
#include "emit.bpf.h"
#include "nobtf.bpf.h"
#include "script.bpf.h"
#include "socket.bpf.h"
#include "tree.bpf.h"
#include "verdict.bpf.h"

#define CLONE_THREAD	0x00010000
#define PATH_CHUNKS	8
#define CAP_OPT_NOAUDIT (1 << 1)
#define CAPABILITIES	64

/* What security_capable() was asked by a task of the tree, until it returns. One at a time each. */
struct asked {
	__u32 number;
	__u32 userns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries,
	       1024); /* tasks that are in it at a time; when full: userns counts none */
	__type(key, __u64);
	__type(value, struct asked);
} evmon_asked SEC(".maps");

__u64 evmon_user_ns; /* the initial user namespace's address, learned of evmon's own first check */

/* --- the tree -----------------------------------------------------------------------------------
 * */

SEC("?tracepoint/task/task_newtask")
int trace_newtask(void *ctx)
{
	__u32 parent = bpf_get_current_pid_tgid() >> 32;
	__u32 child = trace_u32(ctx, evmon_offsets.newtask_pid);
	struct evmon_task *t = bpf_map_lookup_elem(&evmon_tasks, &parent);
	struct evmon_task next = {};

	if (trace_u32(ctx, evmon_offsets.newtask_flags) & CLONE_THREAD) {
		if (t)
			t->flags |= EVMON_TASK_THREADED;
		return 0;
	}
	if (evmon_settings.spawner && evmon_settings.spawner == parent) {
		next.class = evmon_settings.spawn_class;
		next.subject = subject_of_class(next.class);
		next.slot = next.class <= EVMON_CLASS_OTHER ? next.class : EVMON_CLASS_HOST;
	} else if (t) {
		next = *t;
	} else {
		bpf_map_delete_elem(&evmon_tasks, &child);
		return 0;
	}
	next.flags &= EVMON_TASK_ROOT_MODULE;
	next.flags |= EVMON_TASK_UNEXECED;
	if (bpf_map_update_elem(&evmon_tasks, &child, &next, BPF_ANY))
		tasks_are_full();
	return 0;
}

SEC("?raw_tp/sched_process_exit")
int trace_exit(void *ctx)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u32 tgid = task >> 32;
	struct evmon_task *t;

	if (tgid != (__u32)task)
		return 0;
	t = bpf_map_lookup_elem(&evmon_tasks, &tgid);
	if (!t)
		return 0;
	if (t->flags & EVMON_TASK_THREADED)
		t->flags |= EVMON_TASK_ENDED;
	else
		bpf_map_delete_elem(&evmon_tasks, &tgid);
	return 0;
}

SEC("?tracepoint/cgroup/cgroup_mkdir")
int trace_mkdir(void *ctx)
{
	char made[sizeof(evmon_settings.unit_path)] = {};
	__u64 id = 0;

	/* The unified hierarchy is the one without a number. */
	if (!evmon_settings.unit_path[0] || trace_u32(ctx, evmon_offsets.mkdir_root))
		return 0;
	bpf_probe_read_kernel_str(made, sizeof(made), trace_text(ctx, evmon_offsets.mkdir_path));
	for (__u32 i = 0; i < sizeof(made); i++) {
		if (made[i] != evmon_settings.unit_path[i])
			return 0;
		if (!made[i])
			break;
	}
	bpf_probe_read_kernel(&id, sizeof(id), ctx + evmon_offsets.mkdir_id);
	evmon_settings.unit_level = trace_u32(ctx, evmon_offsets.mkdir_level);
	evmon_settings.unit_cgroup = id;
	return 0;
}

/* --- exec ---------------------------------------------------------------------------------------
 * */

struct called {
	const struct evmon_exe *exe; /* NULL: it names nothing that is known */
	bool indirect;		     /* relative, or by a descriptor: it could be anything */
};

static __always_inline void path_look(const void *text, struct called *ret)
{
	__u64 hash = EVMON_HASH_BASIS;

	for (int c = 0; c < PATH_CHUNKS; c++) {
		union evmon_chunk chunk = {};
		long n = bpf_probe_read_kernel_str(chunk.text, sizeof(chunk), text);

		if (!c)
			ret->indirect = path_is_indirect(chunk.word[0]);
		hash = evmon_hash_chunk(hash, &chunk);
		if (n < EVMON_CHUNK)
			break;
		text += EVMON_CHUNK - 1;
	}
	ret->exe = bpf_map_lookup_elem(&evmon_paths, &hash);
}

/* Each exec of the tree, and what could be a member's under another name, is told to user space. */
static __always_inline int exec_tell(const struct evmon_task *t, const void *text, __u16 flags)
{
	const struct evmon_policy *policy = policy_active();
	struct finding f = {};

	finding_of(&f, policy ? policy->serial : 0, t, EVMON_HOOK_TRACE_EXEC);
	f.key.sensor = EVMON_SENSOR_EXEC;
	f.file = (__u64)text;
	f.flags = flags;
	f.detail.exec.uid = f.detail.exec.euid = bpf_get_current_uid_gid();
	f.detail.exec.gained = t ? t->held : 0; /* for user space, which judges by it */
	emit(&f);
	return 0;
}

/* What the exec makes of the task. Whatever the manager's child runs that is not known by its path
 * is pending: a script, a link to a module's file, or none of its modules. */
static __always_inline __u16 class_of_path(const struct evmon_task *t, const struct called *path)
{
	__u16 image = path->exe ? path->exe->class : EVMON_CLASS_HOST;
	__u16 now = t ? t->class : EVMON_CLASS_HOST;

	if (t && evmon_tree_only && evmon_settings.root && t->class == EVMON_CLASS_MANAGER &&
	    evmon_settings.root == (__u32)(bpf_get_current_pid_tgid() >> 32))
		return EVMON_CLASS_MANAGER;
	if (!t && current_in_unit() && !path->indirect &&
	    !(path->exe && path->exe->flags & EVMON_EXE_STARTER))
		now = EVMON_CLASS_OTHER;
	if (image == EVMON_CLASS_HOST && now == EVMON_CLASS_MANAGER && t &&
	    t->flags & EVMON_TASK_UNEXECED)
		return EVMON_CLASS_PENDING;
	return class_after_image(now, image);
}

/* The entry of a task that the exec takes into a tree, or to another class. */
static __always_inline struct evmon_task *exec_join(__u16 class)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct evmon_task next = { .class = class };

	next.subject = subject_of_class(class);
	next.slot = slot_unnamed(class);
	if (class >= EVMON_CLASS_PENDING && !(__u32)bpf_get_current_uid_gid())
		next.flags = EVMON_TASK_ROOT_MODULE;
	if (bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_ANY)) {
		tasks_are_full();
		return NULL;
	}
	return bpf_map_lookup_elem(&evmon_tasks, &tgid);
}

SEC("?tracepoint/sched/sched_process_exec")
int trace_exec(void *ctx)
{
	const void *text = trace_text(ctx, evmon_offsets.exec_filename);
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct evmon_task *t = bpf_map_lookup_elem(&evmon_tasks, &tgid);
	struct called path = {};
	__u16 class;

	if (t && t->class == EVMON_CLASS_CANARY)
		return emit_canary(EVMON_HOOK_TRACE_EXEC);
	path_look(text, &path);
	class = class_of_path(t, &path);
	if (t && t->class == class) {
		/* All other threads are gone by now. */
		t->flags &= EVMON_TASK_ROOT_MODULE;
		return exec_tell(t, text,
				 t->flags & EVMON_TASK_ROOT_MODULE ? EVMON_RECORD_STANDING : 0);
	}
	if (class != EVMON_CLASS_HOST)
		return exec_tell(exec_join(class), text, EVMON_RECORD_JOINED);
	if (t)
		bpf_map_delete_elem(&evmon_tasks, &tgid);
	/* Whoever traces a tree by descent takes in nobody else. */
	return path.indirect && !evmon_tree_only ? exec_tell(NULL, text, 0) : 0;
}

/* --- bind ---------------------------------------------------------------------------------------
 * */

static __always_inline void finding_bind(struct finding *f)
{
	struct evmon_record_bind *bind = &f->detail.bind;

	bind->port = bind->asked_port = f->key.object.bind.port;
	bind->proto = f->key.object.bind.proto;
	bind->family = f->key.object.bind.family;
	bind->scope = f->key.object.bind.scope;
	bind->how = EVMON_BIND_BIND;
	f->key.sensor = EVMON_SENSOR_BIND;
}

static __always_inline void finding_ipv4(struct finding *f, __u32 address)
{
	f->key.object.bind.family = EVMON_FAMILY_IPV4;
	f->key.object.bind.scope = scope_of_ipv4(address);
	__builtin_memcpy(f->detail.bind.address, &address, sizeof(address));
}

static __always_inline void finding_ipv6(struct finding *f, const __u32 address[4])
{
	f->key.object.bind.family = EVMON_FAMILY_IPV6;
	f->key.object.bind.scope = scope_of_ipv6(address);
	__builtin_memcpy(f->detail.bind.address, address, 16);
}

/* The item of the policy that speaks of it; NULL: none, or nobody asks. */
static __always_inline const struct evmon_bind_item *
bind_judge(struct finding *f, const struct evmon_task *t, __u32 hook)
{
	const struct evmon_policy *policy = policy_active();

	if (t && t->class == EVMON_CLASS_CANARY)
		emit_canary(hook);
	if (!policy || !f->key.object.bind.port || f->key.object.bind.proto == EVMON_PROTO_OTHER)
		return NULL;
	finding_of(f, policy->serial, t, hook);
	return verdict_bind(policy, f->subject, &f->key.object.bind);
}

static __always_inline int on_bound(struct finding *f, struct bpf_sock *sk, __u32 hook)
{
	const struct evmon_bind_item *item;
	struct evmon_task *t = current_task();

	f->key.object.bind.port = sk->src_port;
	f->key.object.bind.proto = proto_of(sk->protocol, sk->type);
	item = bind_judge(f, t, hook);
	if (!item && !(evmon_tracing && f->hook && task_in_tree(t)))
		return 1;
	finding_bind(f);
	if (item) {
		f->key.rule = item->rule;
		f->key.verdict = EVMON_VERDICT_ALERT;
		if (item->action == EVMON_ACTION_DENY && !evmon_tracing)
			f->flags |= EVMON_RECORD_ASKED_DENY;
	}
	emit(f);
	return 1;
}

SEC("?cgroup/post_bind4")
int post_bind4(struct bpf_sock *sk)
{
	struct finding f = {};

	finding_ipv4(&f, sk->src_ip4);
	return on_bound(&f, sk, EVMON_HOOK_CGROUP_POST_BIND4);
}

SEC("?cgroup/post_bind6")
int post_bind6(struct bpf_sock *sk)
{
	__u32 address[4] = { sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3] };
	struct finding f = {};

	finding_ipv6(&f, address);
	return on_bound(&f, sk, EVMON_HOOK_CGROUP_POST_BIND6);
}

/* 0: refused. Whoever traces refuses nothing, and comes here when another has. */
static __always_inline int on_bind_asked(struct finding *f, struct bpf_sock_addr *ctx, __u32 hook)
{
	const struct evmon_bind_item *item;

	if (evmon_tracing && bpf_get_retval() >= 0)
		return 1;
	f->key.object.bind.port = bpf_ntohs(ctx->user_port);
	f->key.object.bind.proto = proto_of(ctx->protocol, ctx->type);
	item = bind_judge(f, current_task(), hook);
	if (!item || (item->action != EVMON_ACTION_DENY && !evmon_tracing))
		return 1;
	finding_bind(f);
	f->key.rule = item->rule;
	f->key.verdict = EVMON_VERDICT_DENIED;
	emit(f);
	return evmon_tracing;
}

SEC("?cgroup/bind4")
int cgroup_bind4(struct bpf_sock_addr *ctx)
{
	struct finding f = {};

	finding_ipv4(&f, ctx->user_ip4);
	return on_bind_asked(&f, ctx, EVMON_HOOK_CGROUP_BIND4);
}

SEC("?cgroup/bind6")
int cgroup_bind6(struct bpf_sock_addr *ctx)
{
	__u32 address[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
			     ctx->user_ip6[3] };
	struct finding f = {};

	finding_ipv6(&f, address);
	return on_bind_asked(&f, ctx, EVMON_HOOK_CGROUP_BIND6);
}

/* --- capability ---------------------------------------------------------------------------------
 * */

/* security_capable(cred, ns, number, options) */
SEC("?kprobe/security_capable")
int capable_asked(void *ctx)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct evmon_task *t = current_task();
	__u64 ns = probe_argument(ctx, 1);
	struct asked asked = { .number = probe_argument(ctx, 2),
			       .userns = evmon_user_ns && ns != evmon_user_ns };

	if (task >> 32 == evmon_self && !evmon_user_ns)
		evmon_user_ns = ns;
	if (!t || probe_argument(ctx, 3) & CAP_OPT_NOAUDIT || asked.number >= CAPABILITIES)
		return 0;
	if (t->class == EVMON_CLASS_CANARY)
		emit_canary(EVMON_HOOK_KPROBE_CAPABLE_ENTRY);
	if (bpf_map_update_elem(&evmon_asked, &task, &asked, BPF_ANY))
		stats_count(userns);
	return 0;
}

/*
 * A denial of these may refuse nothing: the kernel asks first and, told no, goes on with what needs
 * no right (capability.bpf.c tells them apart by the system call, which cannot be seen here).
 */
static __always_inline bool denial_is_doubtful(__u32 number)
{
	return number == 6 || number == 7 || number == 8 || number == 12 || number == 16;
}

/* NONE: nothing is broken; what is counted instead is counted. */
static __always_inline __u16 capability_rule(const struct evmon_policy *policy,
					     struct evmon_task *t, const struct asked *asked,
					     bool denied)
{
	__u64 bit = 1ULL << asked->number;

	if (t->class == EVMON_CLASS_PENDING) {
		stats_count(pending);
		t->used |= denied ? 0 : bit;
		return EVMON_RULE_NONE;
	}
	if (task_capabilities(policy, t) & bit || policy->capability_action == EVMON_ACTION_ALLOW)
		return EVMON_RULE_NONE;
	if (!denied)
		return EVMON_RULE_CAPABILITY_USED;
	if (policy->denied_ignored & bit) {
		stats_count(denied_ignored);
		return EVMON_RULE_NONE;
	}
	if (denial_is_doubtful(asked->number)) {
		stats_count(denied_probes);
		return EVMON_RULE_NONE;
	}
	return EVMON_RULE_CAPABILITY_DENIED;
}

static __always_inline bool capability_exempt(const struct evmon_task *t, const struct asked *asked)
{
	if (asked->userns) {
		stats_count(userns);
		return true;
	}
	if (!(__u32)bpf_get_current_uid_gid() || t->flags & EVMON_TASK_IS_ROOT) {
		stats_count(root_capabilities);
		return true;
	}
	return t->class == EVMON_CLASS_MANAGER && t->flags & EVMON_TASK_UNEXECED;
}

static __always_inline int on_capability(struct evmon_task *t, const struct asked *asked,
					 bool denied)
{
	const struct evmon_policy *policy = policy_active();
	struct finding f = {};

	if (!policy || t->subject != EVMON_SUBJECT_EVEREST || t->class >= EVMON_CLASSES ||
	    capability_exempt(t, asked))
		return 0;
	f.key.rule = capability_rule(policy, t, asked, denied);
	if (f.key.rule == EVMON_RULE_NONE && !evmon_tracing)
		return 0;
	finding_of(&f, policy->serial, t, EVMON_HOOK_KRETPROBE_CAPABLE);
	f.key.sensor = EVMON_SENSOR_CAPABILITY;
	if (f.key.rule != EVMON_RULE_NONE)
		f.key.verdict = EVMON_VERDICT_ALERT;
	if (f.key.rule == EVMON_RULE_CAPABILITY_USED &&
	    policy->capability_action == EVMON_ACTION_DENY)
		f.flags |= EVMON_RECORD_ASKED_DENY; /* nothing refuses it here */
	f.key.object.capability.number = asked->number;
	f.key.object.capability.kind = denied ? EVMON_CAPABILITY_DENIED : EVMON_CAPABILITY_USED;
	f.detail.capability.number = asked->number;
	f.detail.capability.kind = f.key.object.capability.kind;
	emit(&f);
	return 0;
}

SEC("?kretprobe/security_capable")
int capable_answered(void *ctx)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct asked *found = bpf_map_lookup_elem(&evmon_asked, &task);
	struct evmon_task *t = found ? current_task() : NULL;
	struct asked asked = {};

	if (!found)
		return 0;
	asked = *found;
	bpf_map_delete_elem(&evmon_asked, &task);
	if (!t)
		return 0;
	if (t->class == EVMON_CLASS_CANARY)
		return emit_canary(EVMON_HOOK_KRETPROBE_CAPABLE);
	return on_capability(t, &asked, probe_result(ctx) != 0);
}
