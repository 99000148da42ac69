// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * capability, refused: what a policy with `action: deny` does not grant. Attached only then.
 *
 *   lsm/capable                 tier A: comes by after cap_capable() has granted it
 *   fmod_ret/security_capable   tier B: comes by before, so it works out what cap_capable()
 *                               will say; what the kernel refuses itself is left to it
 *
 * A refusal is told here, as capability.used (or capability.userns) with the verdict denied, and
 * word of it is left for the sensor, which sees the same check denied a moment later. Whoever is
 * not judged is not refused either: root, other people's credentials, the manager's child before
 * its exec, checks that are not audited. Nor is a task that user space has not named yet: what it
 * uses is judged later.
 */
#include "capability.bpf.h"
#include "verdict.bpf.h"

/* The rule by which it is refused; NONE: it is not. */
static __always_inline __u16 refusing_rule(const struct evmon_policy *policy,
					   const struct evmon_task *t, const struct cred *cred,
					   bool userns, int number)
{
	if (t->subject != EVMON_SUBJECT_EVEREST || t->class >= EVMON_CLASSES ||
	    t->class == EVMON_CLASS_PENDING || task_prepares_exec(t))
		return EVMON_RULE_NONE;
	if (cred != current_read(cred) || cred_is_root(cred))
		return EVMON_RULE_NONE;
	if (userns)
		return EVMON_RULE_CAPABILITY_USERNS;
	return task_capabilities(policy, t) >> number & 1 ? EVMON_RULE_NONE :
							    EVMON_RULE_CAPABILITY_USED;
}

/* True: told, and to be refused. */
static __always_inline bool on_use(const struct cred *cred, struct user_namespace *ns, int number,
				   unsigned int options, __u32 hook)
{
	struct evmon_task *t = task_current();
	const struct evmon_policy *policy;
	struct finding f = {};

	if (!t || options & CAP_OPT_NOAUDIT || number < 0 || number >= CAPABILITIES)
		return false;
	if (t->class == EVMON_CLASS_CANARY) {
		emit_canary(hook);
		return false;
	}
	policy = policy_active();
	if (!policy || policy->capability_action != EVMON_ACTION_DENY)
		return false;
	f.key.rule = refusing_rule(policy, t, cred, ns->level != 0, number);
	if (f.key.rule == EVMON_RULE_NONE ||
	    (hook == EVMON_HOOK_FMOD_RET_CAPABLE && !cred_grants(cred, ns, number)))
		return false;
	finding_of(&f, policy->serial, t, hook);
	finding_capability(&f, number, EVMON_CAPABILITY_USED, ns->level);
	f.key.verdict = EVMON_VERDICT_DENIED;
	emit(&f);
	refusal_leave(number);
	return true;
}

SEC("?lsm/capable")
int BPF_PROG(lsm_capable, const struct cred *cred, struct user_namespace *ns, int number,
	     unsigned int options, int ret)
{
	if (ret)
		return ret;
	if (on_use(cred, ns, number, options, EVMON_HOOK_LSM_CAPABLE))
		return verdict_deny();
	return 0;
}

SEC("?fmod_ret/security_capable")
int BPF_PROG(fmod_ret_capable, const struct cred *cred, struct user_namespace *ns, int number,
	     unsigned int options, int ret)
{
	if (ret)
		return ret;
	if (on_use(cred, ns, number, options, EVMON_HOOK_FMOD_RET_CAPABLE))
		return verdict_deny();
	return 0;
}
