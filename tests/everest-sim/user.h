/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

enum {
	USER_GROUPS_MAX = 50
};

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_GROUPS_MAX];
	int n_groups;
};

/* A user by name; or a number, for the user and its only group: 0, or -ENOENT. */
int user_resolve(const char *name, struct user *ret);

/* setgroups, setgid, setuid: the whole process, all its threads. */
int user_become(const struct user *user);
