// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * capability: each check that a task of the tree makes, granted or denied.
 *
 *   fexit/security_capable   tiers A and B: sees both kinds, after all LSMs, with the audit flag
 *   kprobe/security_capable  tier C: sees who asks for what, and with which audit flag, and works
 *                            out what cap_capable() will say: not the refusals of later LSMs,
 *                            not what is asked over another namespace than the task's own
 *   tp_btf/cap_capable       tier C without kprobes, 6.14 and later: sees both, but no audit
 *                            flag, so that the kernel's own probes look like use; a denied
 *                            CAP_SYS_ADMIN (memory accounting, at each mmap), and a denied
 *                            CAP_NET_ADMIN outside calls on sockets (each look at
 *                            /proc/sys/net), are not reported there
 *
 * Refusing has to come before, and its programs run only where the policy denies, see
 * capability_deny.bpf.c. What they refused they have told: fexit/security_capable, which sees it as
 * a denied check after that, passes over it.
 *
 * A check costs one lookup; inside the tree two comparisons more. Not judged, only counted: root
 * tasks (exec.root tells of them), other people's credentials, a child of the manager before its
 * exec, and denials that refuse nothing. What is asked for in a user namespace is a rule of its
 * own: no list grants it, for the lists are of the host's capabilities. What is held beyond the
 * list is judged at exec (exec.bpf.c), and when it is come by without one (creds.bpf.c).
 */
#include "capability.bpf.h"
#include "syscall.bpf.h"

#define CAP_SETGID     6
#define CAP_SETUID     7
#define CAP_SETPCAP    8
#define CAP_NET_ADMIN  12
#define CAP_SYS_MODULE 16
#define CAP_SYS_ADMIN  21
#define EPERM	       1

/* Nothing to judge: what is counted instead. */
static __always_inline bool capability_exempt(const struct evmon_task *t, const struct cred *cred,
					      struct user_namespace *ns)
{
	if (cred_is_root(cred)) {
		stats_count(root_capabilities);
		return true;
	}
	if (ns->level)
		stats_count(userns);
	return task_prepares_exec(t);
}

/* SIOCGIF*, include/uapi/linux/sockios.h: what asks for an interface's data and needs no right. */
static __always_inline bool request_only_asks(__u32 request)
{
	switch (request) {
	case 0x8913: /* FLAGS */
	case 0x8915: /* ADDR, DSTADDR, BRDADDR, NETMASK */
	case 0x8917:
	case 0x8919:
	case 0x891b:
	case 0x891d: /* METRIC */
	case 0x8921: /* MTU */
	case 0x8927: /* HWADDR */
	case 0x8929: /* SLAVE */
	case 0x8933: /* INDEX */
	case 0x8942: /* TXQLEN */
	case 0x8970: /* MAP */
		return true;
	default:
		return false;
	}
}

/*
 * A denial that refuses nothing: the kernel asks first, whatever is wanted, and told no goes on
 * with what needs no right.
 *
 * - dev_load(), net/core/dev_ioctl.c: may a module be loaded for an interface that is not there?
 *   CAP_NET_ADMIN, then CAP_SYS_MODULE. Who wants an interface changed is refused by a check of
 *   CAP_NET_ADMIN, too, but by another request; who wants a module loaded, by another call.
 * - setgid(), setuid(), kernel/sys.c: to an id that it has already, as each applet of busybox does.
 * - capset(), cap_inh_is_capped(): may it inherit more than it has? Never seen by security_capable.
 */
static __always_inline bool denial_refuses_nothing(const struct cred *cred, int number)
{
	struct syscall call;
	__u32 id;

	if (number != CAP_NET_ADMIN && number != CAP_SYS_MODULE && number != CAP_SETGID &&
	    number != CAP_SETUID && number != CAP_SETPCAP)
		return false;
	if (!syscall_current(&call))
		return false;
	id = call.first;
	switch (number) {
	case CAP_NET_ADMIN:
		return call.number == SYSCALL_IOCTL && request_only_asks(call.second);
	case CAP_SYS_MODULE:
		return call.number == SYSCALL_IOCTL;
	case CAP_SETGID:
		return call.number == SYSCALL_SETGID &&
		       (id == cred->gid.val || id == cred->sgid.val);
	case CAP_SETUID:
		return call.number == SYSCALL_SETUID &&
		       (id == cred->uid.val || id == cred->suid.val);
	default:
		return call.number == SYSCALL_CAPSET;
	}
}

/* What the kernel asks for itself and audits nowhere, where the hook does not say so. */
static __always_inline bool denial_is_unaudited(int number)
{
	struct syscall call;

	return number == CAP_NET_ADMIN && syscall_current(&call) && !syscall_is_of_sockets(&call);
}

static __always_inline __u16 capability_rule(const struct evmon_policy *policy,
					     const struct evmon_task *t, const struct cred *cred,
					     int number, bool denied, bool userns)
{
	__u64 bit = 1ULL << number;

	if (policy->capability_action == EVMON_ACTION_ALLOW ||
	    (!userns && task_capabilities(policy, t) & bit))
		return EVMON_RULE_NONE;
	if (!denied)
		return userns ? EVMON_RULE_CAPABILITY_USERNS : EVMON_RULE_CAPABILITY_USED;
	if (policy->denied_ignored & bit) {
		stats_count(denied_ignored);
		return EVMON_RULE_NONE;
	}
	if (denial_refuses_nothing(cred, number)) {
		stats_count(denied_probes);
		return EVMON_RULE_NONE;
	}
	return userns ? EVMON_RULE_CAPABILITY_USERNS : EVMON_RULE_CAPABILITY_DENIED;
}

/* Whose rights are asked about is not who asks: a file's opener, a tracer. Seen, and not judged. */
static __always_inline int on_behalf(const struct evmon_task *t, const struct evmon_policy *policy,
				     struct finding *f)
{
	stats_count(on_behalf);
	if (!evmon_tracing)
		return 0;
	finding_of(f, policy->serial, t, f->hook);
	f->detail.capability.on_behalf = 1;
	emit(f);
	return 0;
}

/* Whoever traces sees what another refused, evmon's daemon say, to whom the kernel would have
 * granted it: the right was used, and the use denied. */
static __always_inline bool use_was_refused(const struct cred *cred, struct user_namespace *ns,
					    int number, int ret, __u32 hook)
{
	return evmon_tracing && ret && hook == EVMON_HOOK_FEXIT_CAPABLE &&
	       cred_grants(cred, ns, number);
}

static __always_inline void finding_judge(struct finding *f, const struct evmon_policy *policy,
					  bool refused)
{
	if (f->key.rule == EVMON_RULE_NONE)
		return;
	f->key.verdict = EVMON_VERDICT_ALERT;
	if (refused) {
		f->key.object.capability.kind = f->detail.capability.kind = EVMON_CAPABILITY_USED;
		f->key.verdict = EVMON_VERDICT_DENIED;
	} else if (f->key.object.capability.kind == EVMON_CAPABILITY_USED &&
		   policy->capability_action == EVMON_ACTION_DENY && !evmon_tracing) {
		f->flags |= EVMON_RECORD_ASKED_DENY;
	}
}

static __always_inline int on_capability(const struct cred *cred, struct user_namespace *ns,
					 int number, int ret, __u32 hook)
{
	struct evmon_task *t = task_current();
	const struct evmon_policy *policy;
	struct finding f = {};
	bool refused;
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
	if (policy->class[t->class].common & bit && !ns->level && !evmon_tracing)
		return 0;
	if (ret && hook == EVMON_HOOK_TP_CAP_CAPABLE && denial_is_unaudited(number))
		return 0;
	if (ret && hook == EVMON_HOOK_FEXIT_CAPABLE && refusal_take(number))
		return 0;
	f.hook = hook;
	finding_capability(&f, number, ret ? EVMON_CAPABILITY_DENIED : EVMON_CAPABILITY_USED,
			   ns->level);
	if (cred != current_read(cred))
		return on_behalf(t, policy, &f);
	if (capability_exempt(t, cred, ns))
		return 0;
	if (t->class == EVMON_CLASS_PENDING &&
	    !ns->level) { /* judged by user space once it is known */
		stats_count(pending);
		t->used |= ret ? 0 : bit;
		return 0;
	}
	refused = use_was_refused(cred, ns, number, ret, hook);
	f.key.rule = capability_rule(policy, t, cred, number, ret && !refused, ns->level != 0);
	if (f.key.rule == EVMON_RULE_NONE && !evmon_tracing)
		return 0;
	finding_of(&f, policy->serial, t, hook);
	finding_judge(&f, policy, refused);
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
	if (ret && number == CAP_SYS_ADMIN)
		return 0;
	return on_capability(cred, ns, number, ret, EVMON_HOOK_TP_CAP_CAPABLE);
}

/*
 * At the entry the answer is not known yet, but what it hangs on is: cap_capable() grants what is
 * effective in the namespace asked about, and never in a parent. The arguments are mere numbers to
 * the verifier; what they point at is read by the task's own typed pointers to the same.
 */
SEC("?kprobe/security_capable")
int BPF_KPROBE(kprobe_capable, const struct cred *asked, struct user_namespace *ns, int number,
	       unsigned int options)
{
	const struct cred *cred = bpf_get_current_task_btf()->cred;
	struct user_namespace *own = cred->user_ns, *parent = own->parent;
	__u64 mine = (__u64)cred, over_own = (__u64)own, over_parent = (__u64)parent;
	bool granted;

	/* Else the compiler takes one for the other once it has seen that they are equal. */
	barrier_var(mine);
	barrier_var(over_own);
	barrier_var(over_parent);

	if (options & CAP_OPT_NOAUDIT || number < 0 || number >= CAPABILITIES)
		return 0;
	if ((__u64)asked != mine) {
		if (task_in_tree(task_current()))
			stats_count(on_behalf);
		return 0;
	}
	if ((__u64)ns == over_own) {
		granted = capability_bits(cred->cap_effective) >> number & 1;
		return on_capability(cred, own, number, granted ? 0 : -EPERM,
				     EVMON_HOOK_KPROBE_CAPABLE);
	}
	if ((__u64)ns == over_parent)
		return on_capability(cred, parent, number, -EPERM, EVMON_HOOK_KPROBE_CAPABLE);
	if (task_in_tree(task_current()))
		stats_count(userns);
	return 0;
}
