// SPDX-License-Identifier: Apache-2.0
/*
 * The user that EVerest's modules run as. Names are resolved as the real manager does it
 * (getpwnam, getgrouplist, at most 50 groups). A number is taken too, as user and only group,
 * without any look-up: a virtual machine without that user, or with a static C library, can run
 * the tree.
 *
 * The C library's setgroups, setgid and setuid change every thread of the process, by a signal to
 * each: that broadcast is what the manager's own drop looks like from the kernel, so it is wanted.
 */

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"
#include "user.h"

int user_resolve(const char *name, struct user *ret)
{
	const struct passwd *entry;
	unsigned int number;

	memset(ret, 0, sizeof(*ret));
	if (text_uint(name, INT_MAX, &number) == 0) {
		ret->uid = number;
		ret->gid = number;
		ret->groups[0] = number;
		ret->n_groups = 1;
		return 0;
	}
	entry = getpwnam(name);
	if (!entry)
		return -ENOENT;
	ret->uid = entry->pw_uid;
	ret->gid = entry->pw_gid;
	ret->n_groups = USER_GROUPS_MAX;
	if (getgrouplist(entry->pw_name, entry->pw_gid, ret->groups, &ret->n_groups) < 0)
		return -E2BIG;
	return 0;
}

int user_become(const struct user *user)
{
	if (setgroups((size_t)user->n_groups, user->groups) < 0)
		return -errno;
	if (setgid(user->gid) < 0)
		return -errno;
	if (setuid(user->uid) < 0)
		return -errno;
	return 0;
}
