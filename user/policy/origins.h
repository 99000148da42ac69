/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which file said what of a policy in force. Keys are those of the format with their sections
 * ("mqtt.broker"); "bind:RULE", "capabilities.modules:NAME" and "usb.allow:N" for the members of
 * lists. What has no origin is built in.
 */
#include <stddef.h>

#include "base/macros.h"
#include "policy/errors.h"

enum {
	ORIGIN_KEY_MAX = 160 /* id:Name is at most 127 bytes */
};

struct origin {
	char key[ORIGIN_KEY_MAX];
	const char *file; /* one of the files below */
	unsigned line, column;
};

struct origins {
	struct origin *at; /* owned, as the files are */
	size_t n, room;
	char **files;
	size_t n_files;
};

void origins_free(struct origins *origins);
DEFINE_CLEANUP(struct origins *, origins_free);
/* The last word on a key holds. -ENOMEM. */
int origins_put(struct origins *origins, const char *key, struct place place);
/* NULL: built in. */
const struct origin *origins_find(const struct origins *origins, const char *key);
