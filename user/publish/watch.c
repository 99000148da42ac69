// SPDX-License-Identifier: Apache-2.0
/*
 * systemd removes a service's runtime directory when it stops and makes it anew when it starts. So
 * while there is none its parent is watched, and when it is back everything in it is news. Files
 * come by rename only: other events would tell of half of one.
 */
#include "publish/watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/macros.h"

static int watch_parent(const struct watch *watch)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", watch->dir);
	return inotify_add_watch(watch->fd, dirname(path), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

static int watch_dir(const struct watch *watch)
{
	return inotify_add_watch(watch->fd, watch->dir,
				 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

unsigned watch_update(struct watch *watch)
{
	if (watch->dir_watch >= 0)
		return 0;
	if (watch->parent_watch < 0)
		watch->parent_watch = watch_parent(watch);
	/* After the parent: a directory made in between is seen one way or the other. */
	watch->dir_watch = watch_dir(watch);
	if (watch->dir_watch < 0)
		return 0;
	if (watch->parent_watch >= 0)
		inotify_rm_watch(watch->fd, watch->parent_watch);
	watch->parent_watch = -1;
	return WATCH_ALL;
}

int watch_open(struct watch *ret_watch, const char *dir)
{
	struct watch watch = { .dir = dir, .fd = -1, .dir_watch = -1, .parent_watch = -1 };

	watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch.fd < 0)
		return -errno;
	watch_update(&watch);
	*ret_watch = watch;
	return 0;
}

void watch_close(struct watch *watch)
{
	closep(&watch->fd);
	watch->fd = -1;
}

int watch_is_blind(const struct watch *watch)
{
	return watch->dir_watch < 0 && watch->parent_watch < 0;
}

static unsigned news_of(struct watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return WATCH_ALL;
	if (event->mask & IN_IGNORED && event->wd == watch->parent_watch)
		watch->parent_watch = -1;
	if (event->wd != watch->dir_watch)
		return 0;
	if (event->mask & IN_MOVE_SELF)
		inotify_rm_watch(watch->fd, watch->dir_watch);
	if (event->mask & (IN_IGNORED | IN_MOVE_SELF)) {
		watch->dir_watch = -1;
		return 0;
	}
	if (event->len && strcmp(event->name, "publish.conf") == 0)
		return WATCH_CONF;
	if (event->len && strcmp(event->name, "status.json") == 0)
		return WATCH_STATUS;
	return WATCH_OTHER;
}

unsigned watch_drain(struct watch *watch)
{
	_Alignas(struct inotify_event) char buffer[4096];
	unsigned news = 0;
	ssize_t n;

	while ((n = read(watch->fd, buffer, sizeof(buffer))) > 0) {
		const char *at = buffer;

		while (at < buffer + n) {
			const struct inotify_event *event = (const void *)at;

			news |= news_of(watch, event);
			at += sizeof(*event) + event->len;
		}
	}
	return news | watch_update(watch);
}
