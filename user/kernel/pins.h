/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What stays in the kernel when the daemon ends: maps, links and programs, by name in bpffs.
 * Layout: <dir>/maps/<map>, links/<program>, programs/<program>, maps/policy (the one in force).
 */
#include <stdbool.h>
#include <stddef.h>

#include "kernel/internal.h"

/* Makes the directory and takes its lock. -EBUSY: another evmon watches by it; on other errors
 * nothing is pinned. */
int pins_open(struct pins *pins);
/* What is pinned stays. */
void pins_close(struct pins *pins);

/* Before the object is loaded: gives it the pinned maps, if the daemon before was of the same build
 * and all of them are there; pins.adopted. Else what is pinned is removed, and pins.why says what
 * went with it. -EAGAIN: the object has some of those maps; open it anew. */
int pins_adopt(struct kernel *kernel);
/* After loading: maps that are not pinned yet. */
int pins_maps(struct kernel *kernel);
int pins_map_put(const struct pins *pins, const char *name, int fd);
int pins_map_get(const struct pins *pins, const char *name, int *ret_fd);

bool pins_has_link(const struct kernel *kernel, enum evmon_hook hook);
/* The link of the daemon before becomes the kernel's. -ENOENT: there is none. */
int pins_link(struct kernel *kernel, enum evmon_hook hook);
/* A link that was just attached, with its program. What cannot be pinned (a kprobe's before 5.15)
 * ends with this process, and pins.error says so. */
void pins_keep(struct kernel *kernel, enum evmon_hook hook, const struct bpf_program *program);
/* It is detached next. */
void pins_forget(struct kernel *kernel, enum evmon_hook hook);
/* Links of the daemon before that nobody took over go. */
void pins_prune(struct kernel *kernel);
/* The map of the policy in force takes the place of the one before. */
#define POLICY_PIN "policy"
int pins_policy(struct kernel *kernel);
