// SPDX-License-Identifier: Apache-2.0
/*
 * Class numbers and slots are the kernel's words for module names and instances; here is what they
 * stand for. A class is given once and never taken back, since tallies are kept by slot and a
 * number that changed its meaning would change the past. The name comes from the file system, which
 * only root writes; the id comes from argv, which the module can write, so it names and never
 * decides.
 */
#include "process/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "evmon/types.h"

enum {
	NAMES_MAX = EVMON_CLASSES - EVMON_CLASS_MODULE
};

struct slot {
	unsigned class; /* 0: not known */
	char id[MODULE_NAME_MAX];
};

struct modules {
	char names[NAMES_MAX][MODULE_NAME_MAX];
	size_t n_names;
	struct slot slots[EVMON_SLOTS];
	modules_class_fn fn; /* NULL: nobody follows */
	void *userdata;
};

/* What a scan of one directory hands down. */
struct scan {
	struct modules *modules;
	const char *dir;
	int (*fn)(const char *path, unsigned class, void *userdata);
	void *userdata;
};

int modules_new(struct modules **ret_modules)
{
	struct modules *modules = calloc(1, sizeof(*modules));

	if (!modules)
		return -ENOMEM;
	*ret_modules = modules;
	return 0;
}

void modules_free(struct modules *modules)
{
	free(modules);
}

void modules_follow(struct modules *modules, modules_class_fn fn, void *userdata)
{
	modules->fn = fn;
	modules->userdata = userdata;
}

int modules_class(struct modules *modules, const char *name)
{
	unsigned class = EVMON_CLASS_MODULE + (unsigned)modules->n_names;
	size_t n = strlen(name);
	int err = 0;

	if (!n || n >= MODULE_NAME_MAX)
		return -EINVAL;
	for (size_t i = 0; i < modules->n_names; i++)
		if (!strcmp(modules->names[i], name))
			return EVMON_CLASS_MODULE + (int)i;
	if (modules->n_names == NAMES_MAX)
		return -ENOSPC;
	if (modules->fn)
		err = modules->fn(class, name, modules->userdata);
	if (err < 0)
		return err;
	memcpy(modules->names[modules->n_names++], name, n + 1);
	return (int)class;
}

const char *modules_name(const struct modules *modules, unsigned class)
{
	if (class < EVMON_CLASS_MODULE || class - EVMON_CLASS_MODULE >= modules->n_names)
		return NULL;
	return modules->names[class - EVMON_CLASS_MODULE];
}

bool modules_is_script(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	return !strcmp(file, "index.js") || !strcmp(file, "module.py");
}

const char *modules_script(struct module_args args, const char *dir, char *ret_name)
{
	size_t n = strlen(dir), at = 0, length;
	const char *path, *slash;

	if (!args.length)
		return NULL;
	do { /* argv[0], and options */
		at += strnlen(args.text + at, args.length - at) + 1;
		if (at >= args.length)
			return NULL;
		path = args.text + at;
	} while (*path == '-');
	if (strnlen(path, args.length - at) == args.length - at) /* cut short */
		return NULL;
	if (strncmp(path, dir, n) != 0 || path[n] != '/' || !modules_is_script(path))
		return NULL;
	slash = strchr(path + n + 1, '/');
	if (!slash || slash != strrchr(path, '/'))
		return NULL;
	length = (size_t)(slash - (path + n + 1));
	if (!length || length >= MODULE_NAME_MAX)
		return NULL;
	memcpy(ret_name, path + n + 1, length);
	ret_name[length] = '\0';
	return path;
}

/* One entry of <dir>/<Name>: 0 if it is no module's. */
static int scan_file(const struct scan *scan, int dir_fd, const char *name, const char *file)
{
	char path[PATH_MAX];
	struct stat st;
	int class, n;

	if (fstatat(dir_fd, file, &st, 0) || !S_ISREG(st.st_mode))
		return 0;
	if (!(st.st_mode & 0111) && !modules_is_script(file))
		return 0;
	class = modules_class(scan->modules, name);
	if (class < 0)
		return class;
	n = snprintf(path, sizeof(path), "%s/%s/%s", scan->dir, name, file);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return scan->fn(path, (unsigned)class, scan->userdata);
}

static int scan_module(const struct scan *scan, int dir_fd, const char *name)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(closedirp) DIR *dir = NULL;
	const struct dirent *entry;
	int err = 0;

	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) /* a file, or gone meanwhile */
		return errno == ENOTDIR || errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	TAKE_FD(fd);
	while (err >= 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			err = scan_file(scan, dirfd(dir), name, entry->d_name);
	return MIN(err, 0);
}

int modules_scan(struct modules *modules, const char *dir,
		 int (*fn)(const char *path, unsigned class, void *userdata), void *userdata)
{
	const struct scan scan = { .modules = modules, .dir = dir, .fn = fn, .userdata = userdata };
	_cleanup_(closedirp) DIR *names = opendir(dir);
	const struct dirent *entry;
	int err = 0;

	if (!names)
		return -errno;
	/* No module of EVerest has a name that long: what has no name stays class `other`. */
	while (err >= 0 && (entry = readdir(names)))
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < MODULE_NAME_MAX)
			err = scan_module(&scan, dirfd(names), entry->d_name);
	return MIN(err, 0);
}

/* "<id>:<name>": how many bytes the id has, 0 if the text is no such thing. */
static size_t id_length(const char *argv0, const char *name)
{
	size_t n = strlen(argv0), tail = strlen(name) + 1;

	if (n <= tail || argv0[n - tail] != ':' || strcmp(argv0 + n - tail + 1, name) != 0)
		return 0;
	return n - tail;
}

/* The value of --module, "--module X" or "--module=X". */
static const char *module_option(struct module_args args, size_t *ret_length)
{
	static const char option[] = "--module";
	const size_t length = sizeof(option) - 1;

	for (size_t at = 0, next; at < args.length; at = next) {
		const char *word = args.text + at;
		size_t here = strnlen(word, args.length - at);

		next = at + here + 1;
		if (here > length && !memcmp(word, "--module=", length + 1)) {
			*ret_length = here - length - 1;
			return word + length + 1;
		}
		if (here == length && !memcmp(word, option, length) && next < args.length) {
			*ret_length = strnlen(args.text + next, args.length - next);
			return args.text + next;
		}
	}
	return NULL;
}

/* A slot that is not called as argv[0] says is a script's: its name is EV_MODULE. */
static bool text_is_id(const char *text, struct module_args args)
{
	return text && args.length && strncmp(text, args.text, EVMON_SLOT_NAME_MAX - 1) != 0;
}

void modules_slot_set(struct modules *modules, unsigned slot, unsigned class, const char *text,
		      struct module_args args)
{
	const char *name = modules_name(modules, class), *id = text;
	size_t n;

	if (!name || slot < EVMON_SLOT_MODULE || slot >= EVMON_SLOTS)
		return;
	n = text ? id_length(text, name) : 0;
	if (!n)
		id = module_option(args, &n);
	if (!n && text_is_id(text, args)) {
		id = text;
		n = strlen(text);
	}
	modules->slots[slot] = (struct slot){ .class = class };
	if (n && id && n < MODULE_NAME_MAX)
		memcpy(modules->slots[slot].id, id, n);
}

bool modules_of(const struct modules *modules, unsigned class, unsigned slot,
		struct module *ret_module)
{
	const char *name = modules_name(modules, class);
	struct module module = { 0 };

	if (!name)
		return false;
	memcpy(module.name, name, strlen(name) + 1);
	if (slot < EVMON_SLOTS && modules->slots[slot].class == class)
		memcpy(module.id, modules->slots[slot].id, sizeof(module.id));
	*ret_module = module;
	return true;
}
