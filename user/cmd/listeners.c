// SPDX-License-Identifier: Apache-2.0
/*
 * The inventory judges with the policy that the running daemon has in force; its status says where
 * that came from. Without a daemon it is the policy that one would find. What the file says by now
 * may be something else than what the daemon has read: then the operator is told.
 */
#include "cmd/listeners.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/inventory.h"
#include "cmd/listeners_json.h"
#include "cmd/listeners_text.h"
#include "cmd/members.h"
#include "cmd/policy_read.h"
#include "cmd/status_file.h"
#include "cmd/terminal.h"

enum {
	WHERE_MAX = 512
};

/* What a running daemon says of its policy; empty where it says nothing, or none runs. */
struct in_force {
	char path[PATH_MAX];
	char hash[POLICY_HASH_MAX];
};

static void in_force_read(const char *run_dir, struct in_force *in_force)
{
	struct status_file file = { .text = NULL };
	struct json_object *policy;
	const char *path, *hash;
	uint64_t now_us, age_us;
	size_t length;

	*in_force = (struct in_force){ .path = "" };
	if (status_file_now(run_dir, &file, &now_us, &age_us) == 0) {
		policy = member(file.object, "policy");
		path = member_string(policy, "path");
		hash = member_string(policy, "hash");
		/* A relative path was the daemon's, whose directory is another. */
		if (!path || path[0] != '/' ||
		    escape_undo(in_force->path, sizeof(in_force->path), path, &length) < 0)
			in_force->path[0] = '\0';
		if (hash)
			snprintf(in_force->hash, sizeof(in_force->hash), "%s", hash);
	}
	status_file_fini(&file);
}

/* As the daemon does it: a policy that is not valid leaves the built-in one. */
static int policy_get(const char *run_dir, struct policy **ret_policy)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct in_force in_force;
	int err;

	in_force_read(run_dir, &in_force);
	if (policy_read(in_force.path[0] ? in_force.path : NULL, &policy) < 0) {
		log_warning("the policy is not valid: rules are the built-in one's");
		err = policy_new_default(&policy);
		if (err < 0)
			return err;
	}
	if (in_force.hash[0] && strcmp(in_force.hash, policy->hash) != 0)
		log_warning("rules are those of policy %s, the running evmon has %s in force",
			    policy->hash, in_force.hash);
	*ret_policy = TAKE_PTR(policy);
	return 0;
}

static int refused(int err, const char *where)
{
	log_err("status: %s", where);
	if (err == -EPERM || err == -EACCES)
		return EXIT_PERMISSION;
	return err == -ENOTSUP ? EXIT_NO_SENSOR : EXIT_FAILED;
}

static int print(const struct inventory *inventory, bool json)
{
	int err = 0;

	if (json)
		err = listeners_write_json(stdout, inventory);
	else
		listeners_print(stdout, inventory, terminal_color(stdout));
	if (err < 0)
		log_err_errno(err, "status: cannot write the listeners down");
	if (inventory->omitted)
		log_err("status: %zu more than the %d shown", inventory->omitted, INVENTORY_MAX);
	return err < 0 || inventory->omitted ? EXIT_FAILED : EXIT_GOOD;
}

int listeners_show(const char *run_dir, bool json)
{
	struct inventory inventory = { .items = NULL };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char where[WHERE_MAX] = "";
	int r = policy_get(run_dir, &policy);

	if (r < 0) {
		log_err_errno(r, "status");
		return EXIT_FAILED;
	}
	r = inventory_take(policy, &inventory, where, sizeof(where));
	r = r < 0 ? refused(r, where) : print(&inventory, json);
	inventory_fini(&inventory);
	return r;
}
