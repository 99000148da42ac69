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
#include "kernel/tables.h"

enum {
	FILES_WATCHED = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB
};

static void watch(struct daemon *daemon, const char *path)
{
	if (daemon->files_fd >= 0 && inotify_add_watch(daemon->files_fd, path, FILES_WATCHED) < 0)
		log_debug("cannot watch %s: %s", path, strerror(errno));
}

static void watch_parent(struct daemon *daemon, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (!slash || slash == path)
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	watch(daemon, dir);
}

static int module_exe(const char *path, unsigned class, void *userdata)
{
	struct daemon *daemon = userdata;
	int err = tables_exe(daemon->kernel, path, class, false);

	if (err < 0)
		log_warning("%s: its process cannot be told by its file: %s", path, strerror(-err));
	watch_parent(daemon, path);
	return 0;
}

static void named_exe(struct daemon *daemon, const char *path, unsigned class, bool root_allowed)
{
	int err = tables_exe(daemon->kernel, path, class, root_allowed);

	if (err < 0)
		log_debug("%s: %s", path, strerror(-err));
	watch_parent(daemon, path);
}

void exes_fill(struct daemon *daemon)
{
	const struct policy *policy = daemon->policy;

	named_exe(daemon, policy->manager, EVMON_CLASS_MANAGER, false);
	named_exe(daemon, policy->broker_exe, EVMON_CLASS_BROKER, false);
	for (char **path = policy->root_allow; path && *path; path++)
		named_exe(daemon, *path, EVMON_CLASS_HOST, true);
	tables_starters(daemon->kernel);
	if (tables_modules_dir(daemon->kernel, policy->modules_dir) < 0)
		log_debug("%s is not there", policy->modules_dir);
	else
		watch(daemon, policy->modules_dir);
	if (modules_scan(daemon->modules, policy->modules_dir, module_exe, daemon) < 0)
		log_debug("no modules in %s", policy->modules_dir);
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
