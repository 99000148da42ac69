// SPDX-License-Identifier: Apache-2.0
/*
 * Editors write beside a file and rename, scripts write into it, packages replace it, and it may be
 * gone in between. So it is the directory that is watched, for the file's name. What counts is that
 * writing has ended (close-write, moved-to) or that the name has gone; a file that has just been
 * made is still empty, but links and directories come whole. Of a directory that is not there the
 * nearest one above it is watched for the name that is missing.
 */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/log.h"

enum {
	WATCHED = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB |
		  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
	ENTRIES_MAX = 16
};

struct entry {
	int wd;
	unsigned kind;
	char *dir, *name;	     /* owned; name NULL: by suffix */
	const char *const *suffixes; /* not owned */
};

struct watch {
	struct loop *loop;
	struct loop_source *source;
	watch_fn fn;
	void *userdata;
	int fd;
	struct entry entries[ENTRIES_MAX];
	size_t n;
};

int watch_new(struct loop *loop, watch_fn fn, void *userdata, struct watch **ret_watch)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	*watch = (struct watch){ .loop = loop, .fn = fn, .userdata = userdata, .fd = -1 };
	*ret_watch = watch;
	return 0;
}

static void watch_end(struct watch *watch)
{
	loop_remove(watch->loop, TAKE_PTR(watch->source));
	while (watch->n > 0) {
		struct entry *e = &watch->entries[--watch->n];

		free(e->dir);
		free(e->name);
	}
	if (watch->fd >= 0)
		close(TAKE_FD(watch->fd));
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	watch_end(watch);
	free(watch);
}

static bool has_suffix(const char *name, const char *const *suffixes)
{
	for (; *suffixes; suffixes++) {
		size_t n = strlen(name), ns = strlen(*suffixes);

		if (n > ns && !strcmp(name + n - ns, *suffixes))
			return true;
	}
	return false;
}

/* Made by one step: a link of either kind, or a directory. */
static bool is_whole(const struct entry *e, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", e->dir, name) >= (int)sizeof(path))
		return true;
	return lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1;
}

static bool concerns(const struct entry *e, const struct inotify_event *event)
{
	if (event->wd != e->wd)
		return false;
	if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
		return true;
	if (!event->len)
		return false;
	if (e->name ? strcmp(e->name, event->name) != 0 : !has_suffix(event->name, e->suffixes))
		return false;
	return !(event->mask & IN_CREATE) || is_whole(e, event->name);
}

static unsigned kinds_of(const struct watch *watch, const struct inotify_event *event)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < watch->n; i++)
		if (event->mask & IN_Q_OVERFLOW || concerns(&watch->entries[i], event))
			kinds |= watch->entries[i].kind;
	return kinds;
}

static int on_events(int fd, uint32_t events, void *userdata)
{
	_Alignas(struct inotify_event) char buffer[8192];
	struct watch *watch = userdata;
	unsigned kinds = 0;
	ssize_t n;

	(void)events;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (const char *at = buffer; at < buffer + n;) {
			const struct inotify_event *event = (const void *)at;

			kinds |= kinds_of(watch, event);
			at += sizeof(*event) + event->len;
		}
	return kinds ? watch->fn(kinds, watch->userdata) : 0;
}

int watch_begin(struct watch *watch)
{
	int err;

	watch_end(watch);
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return -errno;
	err = loop_add_fd(watch->loop, watch->fd, on_events, watch, &watch->source);
	if (err < 0)
		close(TAKE_FD(watch->fd));
	return err;
}

/* Takes the entry's texts over. */
static void entry_add(struct watch *watch, struct entry *e)
{
	e->wd = watch->n < ENTRIES_MAX && e->dir && (e->name || e->suffixes) ?
			inotify_add_watch(watch->fd, e->dir, WATCHED) :
			-1;
	if (e->wd >= 0) {
		watch->entries[watch->n++] = *e;
		return;
	}
	log_debug("%s is not followed", e->dir ? e->dir : "a directory");
	free(e->dir);
	free(e->name);
}

/* dir/name as two texts; a path without a directory lies in the current one. */
static void path_split(const char *path, struct entry *e)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		e->dir = strdup(".");
	else
		e->dir = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	e->name = strdup(slash ? slash + 1 : path);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void name_add(struct watch *watch, const char *path, unsigned kind)
{
	struct entry e = { .kind = kind };

	path_split(path, &e);
	while (e.dir && e.name && !is_directory(e.dir) && strcmp(e.dir, "/") != 0 &&
	       strcmp(e.dir, ".") != 0) {
		_cleanup_(freep) char *missing = TAKE_PTR(e.dir);

		free(e.name);
		path_split(missing, &e);
	}
	entry_add(watch, &e);
}

void watch_file(struct watch *watch, const char *path, unsigned kind)
{
	char real[PATH_MAX];

	name_add(watch, path, kind);
	if (realpath(path, real) && strcmp(real, path) != 0)
		name_add(watch, real, kind);
}

void watch_directory(struct watch *watch, const char *path, const char *const *suffixes,
		     unsigned kind)
{
	struct entry e = { .kind = kind, .suffixes = suffixes };

	name_add(watch, path, kind);
	if (!is_directory(path))
		return;
	e.dir = strdup(path);
	entry_add(watch, &e);
}
