// SPDX-License-Identifier: Apache-2.0
/*
 * Two rings behind one fd: alerts, that nothing may push out, and bulk. Who a task is, is said in
 * bulk at its exec, and alerts tell of what it did then; so whatever waits in bulk comes before the
 * next alert. What does not fit is counted by the kernel side, per CPU; this file sums.
 */
#include "kernel/ring.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "evmon/stats.h"
#include "kernel/internal.h"

static int on_record(void *userdata, void *data, size_t size)
{
	struct kernel *kernel = userdata;

	return kernel->ring_fn ? kernel->ring_fn(data, size, kernel->ring_userdata) : 0;
}

static int on_alert(void *userdata, void *data, size_t size)
{
	struct kernel *kernel = userdata;
	int n = ring_buffer__consume(kernel->bulk);

	return n < 0 ? n : on_record(kernel, data, size);
}

static int ring_add(struct kernel *kernel, const struct bpf_map *map, ring_buffer_sample_fn fn,
		    struct ring_buffer **ret_ring)
{
	struct epoll_event wanted = { .events = EPOLLIN };

	*ret_ring = ring_buffer__new(bpf_map__fd(map), fn, kernel, NULL);
	if (!*ret_ring || epoll_ctl(kernel->rings_fd, EPOLL_CTL_ADD, bpf_map__fd(map), &wanted) < 0)
		return -errno;
	return 0;
}

int ring_open(struct kernel *kernel)
{
	const struct skeleton *s = kernel->skeleton;
	int err;

	kernel->rings_fd = epoll_create1(EPOLL_CLOEXEC);
	if (kernel->rings_fd < 0)
		return -errno;
	err = ring_add(kernel, s->maps.evmon_bulk, on_record, &kernel->bulk);
	return err < 0 ? err : ring_add(kernel, s->maps.evmon_alerts, on_alert, &kernel->alerts);
}

void ring_close(struct kernel *kernel)
{
	ring_buffer__free(kernel->alerts);
	ring_buffer__free(kernel->bulk);
	closep(&kernel->rings_fd);
}

int ring_fd(const struct kernel *kernel)
{
	return kernel->rings_fd;
}

int ring_consume(struct kernel *kernel, ring_fn fn, void *userdata)
{
	int n;

	kernel->ring_fn = fn;
	kernel->ring_userdata = userdata;
	n = ring_buffer__consume(kernel->alerts);
	if (n >= 0)
		n = ring_buffer__consume(kernel->bulk);
	return n < 0 ? n : 0;
}

int ring_counts(const struct kernel *kernel, struct ring_counts *ret_counts)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct evmon_stats *stats = NULL;
	struct ring_counts sum = { 0 };
	uint32_t zero = 0;

	if (cpus < 0)
		return cpus;
	stats = calloc((size_t)cpus, sizeof(*stats));
	if (!stats)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.evmon_stats), &zero, stats) < 0)
		return -errno;
	for (int i = 0; i < cpus; i++) {
		sum.alerts_lost += stats[i].alerts_lost;
		sum.bulk_lost += stats[i].bulk_lost;
		sum.tallies_full += stats[i].tallies_full;
		sum.tasks_full += stats[i].tasks_full;
		sum.slots_full += stats[i].slots_full;
		sum.standing += stats[i].standing;
		sum.root_capabilities += stats[i].root_capabilities;
		sum.denied_ignored += stats[i].denied_ignored;
		sum.denied_probes += stats[i].denied_probes;
		sum.on_behalf += stats[i].on_behalf;
		sum.userns += stats[i].userns;
		sum.usb_full += stats[i].usb_full;
		sum.pending += stats[i].pending;
	}
	*ret_counts = sum;
	return 0;
}
