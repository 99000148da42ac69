// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * capability: each check that a task of the tree makes, granted or denied.
 *
 *   fexit/security_capable   tiers A and B: sees both kinds, after all LSMs, with the audit flag
 *   tp_btf/cap_capable       tier C, 6.14 and later: sees both, but no audit flag, so that the
 *                            kernel's own probes look like use; a denied CAP_SYS_ADMIN (memory
 *                            accounting, at each mmap) and the pair NET_ADMIN, SYS_MODULE (module
 *                            autoload) are not reported there
 *
 * A check costs one lookup; inside the tree one comparison more. Not judged, only counted: root
 * tasks (exec.root tells of them), other people's credentials, other user namespaces, a child of
 * the manager before its exec. What is held beyond the list is judged at exec (exec.bpf.c).
 */
#include "emit.bpf.h"
#include "task.bpf.h"

#define CAP_OPT_NOAUDIT (1 << 1) /* include/linux/security.h, 5.1 and later */
#define CAP_NET_ADMIN	12
#define CAP_SYS_MODULE	16
#define CAP_SYS_ADMIN	21
#define CAPABILITIES	64

/* Nothing to judge: what is counted instead. */
static __always_inline bool capability_exempt(const struct evmon_task *t, const struct cred *cred,
					      struct user_namespace *ns)
{
	if (cred != bpf_get_current_task_btf()->cred) {
		stats_count(on_behalf);
		return true;
	}
	if (ns->level) {
		stats_count(userns);
		return true;
	}
	if (cred_is_root(cred)) {
		stats_count(root_capabilities);
		return true;
	}
	if (t->class == EVMON_CLASS_PENDING) {
		stats_count(pending);
		return true;
	}
	return t->class == EVMON_CLASS_MANAGER && t->flags & EVMON_TASK_UNEXECED;
}

static __always_inline __u16 capability_rule(const struct evmon_policy *policy,
					     const struct evmon_task *t, __u64 bit, bool denied)
{
	if (task_capabilities(policy, t) & bit || policy->capability_action == EVMON_ACTION_ALLOW)
		return EVMON_RULE_NONE;
	if (!denied)
		return EVMON_RULE_CAPABILITY_USED;
	if (policy->denied_ignored & bit) {
		stats_count(denied_ignored);
		return EVMON_RULE_NONE;
	}
	return EVMON_RULE_CAPABILITY_DENIED;
}

static __always_inline int on_capability(const struct cred *cred, struct user_namespace *ns,
					 int number, int ret, __u32 hook)
{
	struct evmon_task *t = task_current();
	const struct evmon_policy *policy;
	struct finding f = {};
	__u64 bit;

	if (!t || number < 0 || number >= CAPABILITIES)
		return 0;
	if (t->class == EVMON_CLASS_CANARY) {
		emit_canary(hook);
		return 0;
	}
	policy = policy_active();
	if (!policy || t->subject != EVMON_SUBJECT_EVEREST || t->class >= EVMON_CLASSES)
		return 0;
	bit = 1ULL << number;
	if (policy->class[t->class].common & bit && !evmon_tracing)
		return 0;
	if (capability_exempt(t, cred, ns))
		return 0;
	f.key.rule = capability_rule(policy, t, bit, ret != 0);
	if (f.key.rule == EVMON_RULE_NONE && !evmon_tracing)
		return 0;
	finding_of(&f, t, hook);
	f.key.sensor = EVMON_SENSOR_CAPABILITY;
	if (f.key.rule != EVMON_RULE_NONE)
		f.key.verdict = EVMON_VERDICT_ALERT;
	f.key.object.capability.number = number;
	f.key.object.capability.kind = ret ? EVMON_CAPABILITY_DENIED : EVMON_CAPABILITY_USED;
	f.detail.capability.number = number;
	f.detail.capability.kind = f.key.object.capability.kind;
	emit(&f);
	return 0;
}

SEC("?fexit/security_capable")
int BPF_PROG(fexit_capable, const struct cred *cred, struct user_namespace *ns, int number,
	     unsigned int options, int ret)
{
	if (options & CAP_OPT_NOAUDIT)
		return 0;
	return on_capability(cred, ns, number, ret, EVMON_HOOK_FEXIT_CAPABLE);
}

SEC("?tp_btf/cap_capable")
int BPF_PROG(tp_cap_capable, const struct cred *cred, struct user_namespace *ns,
	     struct user_namespace *capable_ns, int number, int ret)
{
	if (ret && (number == CAP_SYS_ADMIN || number == CAP_NET_ADMIN || number == CAP_SYS_MODULE))
		return 0;
	return on_capability(cred, ns, number, ret, EVMON_HOOK_TP_CAP_CAPABLE);
}
