// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that refuse are attached only where a rule of the policy in force denies: who does not
 * ask for denial does not pay for it, and no mistake of evmon's can refuse him anything. So when a
 * policy follows another, each denying role comes or goes with what the two ask for. What is
 * attached has not seen the canary yet; one that is out already must not judge it.
 */
#include "kernel/denial.h"

#include "base/macros.h"
#include "kernel/hooks.h"
#include "kernel/internal.h"
#include "kernel/kernel.h"
#include "kernel/pins.h"

static bool denies_bind(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (policy->bind[i].action == ACTION_DENY)
			return true;
	return false;
}

static bool denies_capability(const struct policy *policy)
{
	return policy->capability_action == ACTION_DENY;
}

static bool denies_exec(const struct policy *policy)
{
	return policy->root_action == ACTION_DENY || policy->shell_action == ACTION_DENY ||
	       policy->admin_panel_action == ACTION_DENY;
}

static bool (*const wants[COVERAGE_ROLE_MAX])(const struct policy *policy) = {
	[COVERAGE_BIND_DENY] = denies_bind,
	[COVERAGE_CAPABILITY_DENY] = denies_capability,
	[COVERAGE_EXEC_DENY] = denies_exec,
};

bool denial_wanted(enum coverage_role role, const struct policy *policy)
{
	return wants[role] && wants[role](policy);
}

static bool is_attached(const struct coverage_row *row)
{
	return row->state == COVERAGE_UNPROVEN || row->state == COVERAGE_PROVEN ||
	       row->state == COVERAGE_BROKEN;
}

/* A hook that is another role's stays. */
static void role_detach(struct kernel *kernel, enum coverage_role role)
{
	struct coverage_row *row = &kernel->coverage.rows[role];

	for (size_t i = 0; i < row->n_hooks; i++)
		if (hook_get(row->hooks[i])->role == role) {
			pins_forget(kernel, row->hooks[i]);
			bpf_link__destroy(TAKE_PTR(kernel->links[row->hooks[i]]));
		}
	row->state = COVERAGE_READY;
	row->reason[0] = '\0';
}

void kernel_denial_begin(struct kernel *kernel, const struct policy *policy)
{
	for (unsigned i = 0; i < COVERAGE_ROLE_MAX; i++) {
		enum coverage_role role = (enum coverage_role)i;

		if (!denial_wanted(role, policy) || is_attached(&kernel->coverage.rows[role]))
			continue;
		kernel_role_attach(kernel, role);
		kernel->is_new[role] = true;
	}
}

void kernel_denial_end(struct kernel *kernel, const struct policy *policy)
{
	for (unsigned i = 0; i < COVERAGE_ROLE_MAX; i++) {
		enum coverage_role role = (enum coverage_role)i;

		if (coverage_role_denies(role) && !denial_wanted(role, policy) &&
		    is_attached(&kernel->coverage.rows[role]))
			role_detach(kernel, role);
	}
}
