// SPDX-License-Identifier: Apache-2.0
/*
 * Tracepoints and kprobes without BTF hang on an event of perf: a tracepoint's is known by the
 * number that tracefs gives it, a kprobe's is made on the spot by its own source of events. Both
 * want perf's rights on top of BPF's: on Debian CAP_SYS_ADMIN, where perf_event_paranoid is 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "kernel/tracepoint.h"
#include "kernel/trial.h"

/* The number of the source; -ENOENT: kprobes are not built in. */
static int kprobe_source(void)
{
	char text[16] = "";
	ssize_t n = file_read_into(AT_FDCWD, "/sys/bus/event_source/devices/kprobe/type", text,
				   sizeof(text));

	return n < 0 ? (int)n : (int)strtol(text, NULL, 10);
}

static int event_of(const struct hook *hook, struct perf_event_attr *event)
{
	int id = 0, err = 0;

	*event = (struct perf_event_attr){ .size = sizeof(*event),
					   .sample_period = 1,
					   .wakeup_events = 1 };
	if (hook->type == BPF_PROG_TYPE_TRACEPOINT) {
		err = tracepoint_id(hook->target, &id);
		event->type = PERF_TYPE_TRACEPOINT;
		event->config = (uint64_t)id;
		return err;
	}
	id = kprobe_source();
	if (id < 0)
		return id;
	event->type = (uint32_t)id;
	event->config = hook->returns; /* bit 0 of its format, /sys/.../kprobe/format/retprobe */
	event->config1 = (uint64_t)(uintptr_t)hook->target;
	return 0;
}

int trial_attach_perf(const struct hook *hook, int program_fd)
{
	_cleanup_(closep) int fd = -1;
	struct perf_event_attr event;
	int err = event_of(hook, &event);

	if (err < 0)
		return err;
	fd = (int)syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, program_fd) < 0)
		return -errno;
	return TAKE_FD(fd);
}
