// SPDX-License-Identifier: Apache-2.0
/*
 * A path is a poor name for a file, for it has others: a link, a merged /usr, a relative one. Hooks
 * without BTF see no better one, so the likely names are told to them, and user space looks at the
 * inode when it is told of an exec. A name that no other file bears by then does no harm.
 */
#include "kernel/path_table.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "evmon/script.h"

#include "kernel/internal.h"

static const char usr[] = "/usr";

uint64_t path_hash(const char *path)
{
	uint64_t hash = EVMON_HASH_BASIS;
	size_t n;

	do {
		union evmon_chunk chunk = { 0 };

		n = strnlen(path, sizeof(chunk.text) - 1);
		memcpy(chunk.text, path, n);
		hash = evmon_hash_chunk(hash, &chunk);
		path += n;
	} while (n == EVMON_CHUNK - 1);
	return hash;
}

static void name_set(int map_fd, const char *name, const struct evmon_exe *exe)
{
	uint64_t hash = path_hash(name);

	/* Full: known late, by its inode. */
	if (exe)
		(void)bpf_map_update_elem(map_fd, &hash, exe, BPF_ANY);
	else
		(void)bpf_map_delete_elem(map_fd, &hash);
}

static bool same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
	       of_a.st_dev == of_b.st_dev;
}

/* The name, and its twin on a machine where /bin is /usr/bin. */
static void names_set(int map_fd, const char *path, const struct evmon_exe *exe)
{
	char twin[PATH_MAX + sizeof(usr)];

	name_set(map_fd, path, exe);
	if (!strncmp(path, usr, sizeof(usr) - 1) && path[sizeof(usr) - 1] == '/')
		snprintf(twin, sizeof(twin), "%s", path + sizeof(usr) - 1);
	else
		snprintf(twin, sizeof(twin), "%s%s", usr, path);
	if (!exe || same_file(path, twin))
		name_set(map_fd, twin, exe);
}

void path_table_set(int map_fd, const char *path, const struct evmon_exe *exe)
{
	char canonical[PATH_MAX];

	if (map_fd < 0)
		return;
	names_set(map_fd, path, exe);
	if (realpath(path, canonical) && strcmp(canonical, path) != 0)
		names_set(map_fd, canonical, exe);
}
