/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* EVerest's user-config, merged over the config as RFC 7396 (JSON Merge Patch) says. */
#include "policy/document.h"

/* Takes `patch` apart; nodes of both documents make up the result, and those of the patch are
 * marked. Both may be NULL, as is the result where nothing is left. */
struct node *everest_merge(struct node *target, struct node *patch);
