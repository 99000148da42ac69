// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel sees a file's device and inode at exec; a path is only how they are found. An inode
 * number lives as long as its file: after an update the number of a module's old executable is soon
 * that of some other file, which must not inherit class or rights. So each path remembers the key
 * that stood for it, and when another file or none lies there, the old key goes. Processes that
 * still run the old file keep their class, which is in the task map.
 */
#include "kernel/exe_table.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "kernel/internal.h"
#include "kernel/path_table.h"

struct exe_path {
	char *path;
	struct evmon_exe_key key;
	struct evmon_exe exe;  /* what it means in the kernel */
	struct evmon_exe next; /* what it was set to since exe_table_begin() */
	bool named;	       /* since then */
};

static bool key_is(const struct evmon_exe_key *a, const struct evmon_exe_key *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

static int key_of(const char *path, struct evmon_exe_key *ret_key)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*ret_key = (struct evmon_exe_key){ .ino = st.st_ino, .dev = file_kernel_dev(st.st_dev) };
	return 0;
}

/* The map's entry of a key: what all its paths say of it, a class of the latest that has one. */
static int entry_write(const struct exe_table *table, const struct evmon_exe_key *key)
{
	struct evmon_exe exe = { .class = EVMON_CLASS_HOST };
	bool known = false;

	for (size_t i = 0; i < table->n; i++) {
		const struct exe_path *p = &table->paths[i];

		if (!key_is(&p->key, key))
			continue;
		known = true;
		exe.flags |= p->exe.flags;
		if (p->exe.class != EVMON_CLASS_HOST)
			exe.class = p->exe.class;
	}
	if (known) {
		for (size_t i = 0; i < table->n; i++)
			if (key_is(&table->paths[i].key, key))
				path_table_set(table->paths_fd, table->paths[i].path, &exe);
		return bpf_map_update_elem(table->map_fd, key, &exe, BPF_ANY) < 0 ? -errno : 0;
	}
	bpf_map_delete_elem(table->map_fd, key);
	return 0;
}

static struct exe_path *path_find(const struct exe_table *table, const char *path)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->paths[i].path, path))
			return &table->paths[i];
	return NULL;
}

static void path_remove(struct exe_table *table, struct exe_path *p)
{
	struct evmon_exe_key key = p->key;

	path_table_set(table->paths_fd, p->path, NULL);
	free(p->path);
	*p = table->paths[--table->n];
	entry_write(table, &key);
}

static struct exe_path *path_add(struct exe_table *table, const char *path,
				 const struct evmon_exe_key *key)
{
	_cleanup_(freep) char *copy = strdup(path);
	struct exe_path *paths;

	if (!copy)
		return NULL;
	paths = reallocarray(table->paths, table->n + 1, sizeof(*paths));
	if (!paths)
		return NULL;
	table->paths = paths;
	paths[table->n] = (struct exe_path){ .path = TAKE_PTR(copy), .key = *key };
	return &paths[table->n++];
}

int exe_table_set(struct exe_table *table, const char *path, unsigned class, uint16_t flags)
{
	struct exe_path *p = path_find(table, path);
	struct evmon_exe_key key = { 0 };
	int err = key_of(path, &key);

	if (p && (err < 0 || !key_is(&p->key, &key))) {
		path_remove(table, p);
		p = NULL;
	}
	if (err < 0)
		return err;
	if (!p)
		p = path_add(table, path, &key);
	if (!p)
		return -ENOMEM;
	if (class != EVMON_CLASS_HOST)
		p->exe.class = p->next.class = (uint16_t) class;
	p->exe.flags |= flags;
	p->next.flags |= flags;
	p->named = true;
	err = entry_write(table, &key);
	if (err < 0)
		path_remove(table, p);
	return err;
}

void exe_table_begin(struct exe_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		table->paths[i].next = (struct evmon_exe){ .class = EVMON_CLASS_HOST };
		table->paths[i].named = false;
	}
}

void exe_table_end(struct exe_table *table)
{
	for (size_t i = table->n; i-- > 0;) {
		struct exe_path *p = &table->paths[i];

		if (!p->named) {
			path_remove(table, p);
		} else if (p->exe.class != p->next.class || p->exe.flags != p->next.flags) {
			p->exe = p->next;
			entry_write(table, &p->key);
		}
	}
}

void exe_table_fini(struct exe_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		free(table->paths[i].path);
	free(table->paths);
	*table = (struct exe_table){ .map_fd = -1 };
}
