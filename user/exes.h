/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files that mean something, as the kernel knows them: by device and inode. */
#include "daemon.h"

/* What the policy names, and EVerest's modules: at start, and when their directories change. */
void exes_fill(struct daemon *daemon);
/* The first half of exes_fill(), for a policy that is about to be in force: what the files meant
 * before holds until tables_files_end(). */
void exes_name(struct daemon *daemon, const struct policy *policy);
/* Follows the directories from then on. */
int exes_watch(struct daemon *daemon);
