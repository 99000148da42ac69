/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records out of the rings, and what was lost on the way. The only reader of evmon/stats.h. */
#include <stddef.h>
#include <stdint.h>

struct kernel;

typedef int (*ring_fn)(const void *data, size_t size, void *userdata);

struct ring_counts {
	uint64_t alerts_lost, bulk_lost; /* records; their tallies are exact */
	uint64_t tallies_full, tasks_full, slots_full;
	uint64_t standing, root_capabilities, denied_ignored, denied_probes;
	uint64_t on_behalf, userns, pending, usb_full;
};

/* Called by kernel_new() and kernel_free(). */
int ring_open(struct kernel *kernel);
void ring_close(struct kernel *kernel);
/* Readable when there are records (an epoll fd, owned by kernel). */
int ring_fd(const struct kernel *kernel);
/* Gives every waiting record to fn, in order within each ring, and an alert after all that is in
 * bulk by then; fn's -errno ends it. */
int ring_consume(struct kernel *kernel, ring_fn fn, void *userdata);
int ring_counts(const struct kernel *kernel, struct ring_counts *ret_counts);
