/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `evmon run` was asked for; daemon.c does it. */
#include <limits.h>
#include <stdbool.h>

struct run_options {
	const char *policy; /* NULL: the usual places; as mqtt, not owned */
	char state_dir[PATH_MAX];
	char run_dir[PATH_MAX];
	const char *mqtt; /* the broker's URL, checked; NULL: as the policy says */
	bool no_mqtt;
	bool no_publish; /* evmon-publish is somebody else's business */
};

/* 0: run; 1: help was shown; -EINVAL: said what is wrong. */
int run_parse(int argc, char **argv, struct run_options *ret_options);
