// SPDX-License-Identifier: Apache-2.0
/*
 * The one reader of what usb.bpf.c counts. Nobody provokes that hook: its row is proven by the
 * first device that it has seen.
 */
#include "kernel/usb_tally.h"

#include <errno.h>

#include "kernel/internal.h"

int usb_tally_each(struct kernel *kernel, usb_tally_fn fn, void *userdata)
{
	struct coverage_row *row = &kernel->coverage.rows[COVERAGE_USB_TALLY];
	struct evmon_usb_key key, next;
	const struct evmon_usb_key *from = NULL;
	struct evmon_usb_tally tally;
	int fd, err;

	if (!row->n_hooks)
		return -ENOTSUP;
	fd = bpf_map__fd(kernel->skeleton->maps.evmon_usb);
	for (; bpf_map_get_next_key(fd, from, &next) == 0; from = &key) {
		key = next;
		if (bpf_map_lookup_elem(fd, &key, &tally) < 0)
			continue;
		row->state = COVERAGE_PROVEN;
		err = fn(&key, &tally, userdata);
		if (err < 0)
			return err;
	}
	return 0;
}
