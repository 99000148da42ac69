// SPDX-License-Identifier: Apache-2.0
/*
 * mountinfo is read, not /sys/fs/cgroup assumed: on hybrid hierarchies that is a tmpfs with the
 * unified one beneath, and a container may show a part of it only, or twice. A mount point that
 * something else was mounted over is still listed, so each is looked at before it is believed.
 */
#include "base/cgroup_mount.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>

#include "base/macros.h"

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* mountinfo writes blank, tab, newline and backslash as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		if (at[0] == '\\' && is_octal(at[1]) && is_octal(at[2]) && is_octal(at[3])) {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

/* "ID PARENT MAJ:MIN ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE SUPER", proc(5) */
bool cgroup_mount_parse(const char *line, struct cgroup_mount *ret_mount)
{
	const char *type = strstr(line, " - ");
	struct cgroup_mount mount;

	if (!type || strncmp(type, " - cgroup2 ", 11) != 0)
		return false;
	if (sscanf(line, "%*s %*s %*s %4095s %4095s", mount.root, mount.point) != 2)
		return false;
	unescape(mount.root);
	unescape(mount.point);
	*ret_mount = mount;
	return true;
}

static bool is_visible(const struct cgroup_mount *mount)
{
	struct statfs fs;

	return statfs(mount->point, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_mount_find(struct cgroup_mount *ret_mount)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	struct cgroup_mount mount;
	int err = -ENOENT;
	size_t size = 0;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		bool whole;

		if (!cgroup_mount_parse(line, &mount) || !is_visible(&mount))
			continue;
		whole = !strcmp(mount.root, "/");
		if (err || whole)
			*ret_mount = mount;
		err = 0;
		if (whole)
			break;
	}
	return err;
}
