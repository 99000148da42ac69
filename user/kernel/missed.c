// SPDX-License-Identifier: Apache-2.0
/*
 * Events that no program saw. From 5.12 on the kernel does not enter a tracing program that it is
 * in on that processor, so that none calls itself. Who is preempted inside one is in it all the
 * same: on a preemptible kernel what the next task of that processor does is then passed over, by
 * records and tallies alike. The kernel counts that by program, whoever the task was: this file
 * sums it up.
 */
#include "kernel/missed.h"

#include "kernel/internal.h"

static uint64_t program_missed(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return 0;
	return info.recursion_misses;
}

static uint64_t object_missed(const struct skeleton *skeleton)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program(program, skeleton->obj)
		sum += program_missed(bpf_program__fd(program));
	return sum;
}

uint64_t missed_runs(const struct kernel *kernel)
{
	uint64_t sum = object_missed(kernel->skeleton);

	for (unsigned kmod = 0; kmod < KMOD_MAX; kmod++)
		if (kernel->kmods[kmod])
			sum += object_missed(kernel->kmods[kmod]);
	for (unsigned hook = 0; hook < EVMON_HOOK_MAX; hook++)
		sum += program_missed(kernel->programs[hook]);
	return sum;
}
