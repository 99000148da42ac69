/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the actor says of each deed, on its descriptor 3. */
#include <stdint.h>

enum {
	ACTOR_FD = 3
};

struct actor_report {
	int32_t result; /* errno of the deed, 0 if it succeeded; or how often it did */
	uint32_t tgid, tid, ppid;
	uint32_t netns, mntns;
	uint16_t port; /* that resulted */
	uint16_t pad;
};
