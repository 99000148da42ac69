// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the name of each file of a directory to stdout, a line each time that somebody opens it,
 * to execute it or else. The kernel's own tracing tells more, and is not to be had where it is
 * locked down. "watching" on stderr says that nothing is missed from now on.
 */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	_Alignas(struct inotify_event) char events[65536];
	int fd = inotify_init1(IN_CLOEXEC);
	ssize_t n;

	if (argc != 2 || fd < 0 || inotify_add_watch(fd, argv[1], IN_OPEN) < 0) {
		fprintf(stderr, "usage: opened DIRECTORY\n");
		return 2;
	}
	fprintf(stderr, "watching\n");
	while ((n = read(fd, events, sizeof(events))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(events + at);

			if (e->mask & IN_Q_OVERFLOW)
				return 1;
			if (e->len && (printf("%s\n", e->name) < 0 || fflush(stdout)))
				return 1;
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	return 1;
}
