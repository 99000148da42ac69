// SPDX-License-Identifier: Apache-2.0
/*
 * An update replaces files: the path stays and the inode does not. So the directories of the
 * manager, the broker and the modules are watched, and whatever changes there has all files looked
 * up again. Entries of old inodes stay: processes that still run them are judged as before.
 */
#include "exes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/log.h"
#include "cmd/naming.h"
#include "kernel/tables.h"

enum {
	FILES_WATCHED = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB
};

static void watch(struct daemon *daemon, const char *path)
{
	if (daemon->files_fd >= 0 && inotify_add_watch(daemon->files_fd, path, FILES_WATCHED) < 0)
		log_debug("cannot watch %s: %s", path, strerror(errno));
}

static void watch_parent(const char *path, void *userdata)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (!slash || slash == path)
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	watch(userdata, dir);
}

void exes_name(struct daemon *daemon, const struct policy *policy)
{
	watch(daemon, policy->modules_dir);
	naming_files_begin(daemon->kernel, daemon->modules, policy, watch_parent, daemon);
}

void exes_fill(struct daemon *daemon)
{
	exes_name(daemon, daemon->policy);
	tables_files_end(daemon->kernel);
}

static int on_files(int fd, uint32_t events, void *userdata)
{
	struct daemon *daemon = userdata;
	char buffer[4096];

	(void)events;
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	exes_fill(daemon);
	return 0;
}

int exes_watch(struct daemon *daemon)
{
	daemon->files_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (daemon->files_fd < 0)
		return -errno;
	return loop_add_fd(daemon->loop, daemon->files_fd, on_files, daemon, NULL);
}
