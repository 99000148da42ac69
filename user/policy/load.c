// SPDX-License-Identifier: Apache-2.0
/*
 * Policy files from the disk: in which order, and whether they may be believed. Who can write the
 * policy decides what evmon lets pass, so a file that others than root or the caller can change is
 * refused. What is checked is what is read: both go through one descriptor.
 *
 * All files are read even where one is wrong, so that one run shows all mistakes; a policy is
 * handed out only where there were none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/bind_reach.h"
#include "policy/document.h"
#include "policy/internal.h"
#include "policy/lists.h"
#include "policy/policy.h"
#include "policy/schema.h"

#define POLICY_DIRECTORY "/etc/evmon"

enum {
	DROP_INS_MAX = 256
};

static void file_error(struct policy_errors *errors, const char *file, const char *format, ...)
	_printf_(3, 4);
static void file_error(struct policy_errors *errors, const char *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	errors_add(errors, (struct place){ file, 0, 0 }, format, args);
	va_end(args);
}

/* NULL, or why the file may not be believed. */
static const char *distrust(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs neither to root nor to the caller: chown root";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "can be written by others than its owner: chmod go-w";
	if (st->st_size > DOCUMENT_BYTES)
		return "is larger than 1 MiB";
	return NULL;
}

static int read_exactly(int fd, char *data, size_t size)
{
	for (size_t n = 0; n < size;) {
		ssize_t got = read(fd, data + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -EAGAIN; /* became shorter: being written right now */
		n += (size_t)got;
	}
	return 0;
}

/* -EBADMSG: errors says why the file is not believed. */
static int file_read_trusted(const char *path, struct policy_errors *errors, char **ret_data,
			     size_t *ret_size)
{
	_cleanup_(freep) char *data = NULL;
	_cleanup_(closep) int fd = -1;
	const char *reason;
	struct stat st;
	int err;

	/* O_NONBLOCK: a FIFO in the file's place must not stop the daemon. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	reason = distrust(&st);
	if (reason) {
		file_error(errors, path, "%s", reason);
		return -EBADMSG;
	}
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	err = read_exactly(fd, data, (size_t)st.st_size);
	if (err < 0)
		return err;
	*ret_data = TAKE_PTR(data);
	*ret_size = (size_t)st.st_size;
	return 0;
}

/* 0 also where errors has grown; what could not be read at all is an error of its own. */
static int file_apply(struct reader *reader, const char *path)
{
	_cleanup_(freep) char *data = NULL;
	size_t size = 0;
	int err;

	err = file_read_trusted(path, reader->errors, &data, &size);
	if (err == -EBADMSG)
		return 0;
	if (err < 0) {
		file_error(reader->errors, path, "cannot be read: %s", strerror(-err));
		return err;
	}
	reader->file = path;
	return schema_apply(reader, data, size);
}

/* What only the whole shows, and only where its parts are good. */
static int policy_finish(struct reader *reader, struct policy **policy, struct policy **ret_policy)
{
	int err;

	if (!errors_count(reader->errors))
		bind_reach_check(reader);
	if (errors_count(reader->errors))
		return -EBADMSG;
	err = policy_hash_update(*policy);
	if (err < 0)
		return err;
	*ret_policy = TAKE_PTR(*policy);
	return 0;
}

static void errors_clear(struct policy_errors *errors)
{
	errors->n = 0;
	errors->more = 0;
}

int policy_load_origins(const char *const *paths, struct policy **ret_policy,
			struct origins **ret_origins, struct policy_errors *errors)
{
	_cleanup_(origins_freep) struct origins *origins = calloc(1, sizeof(*origins));
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct reader reader = { .errors = errors, .origins = origins };
	int err;

	errors_clear(errors);
	if (!origins)
		return -ENOMEM;
	err = policy_new_default(&policy);
	if (err < 0)
		return err;
	reader.policy = policy;
	for (; *paths; paths++) {
		err = file_apply(&reader, *paths);
		if (err < 0)
			return err;
	}
	err = policy_finish(&reader, &policy, ret_policy);
	if (err < 0)
		return err;
	*ret_origins = TAKE_PTR(origins);
	return 0;
}

int policy_load(const char *const *paths, struct policy **ret_policy, struct policy_errors *errors)
{
	_cleanup_(origins_freep) struct origins *origins = NULL;

	return policy_load_origins(paths, ret_policy, &origins, errors);
}

int policy_load_bytes(const char *file, const char *data, size_t size, struct policy **ret_policy,
		      struct policy_errors *errors)
{
	_cleanup_(origins_freep) struct origins *origins = calloc(1, sizeof(*origins));
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct reader reader = { .errors = errors, .file = file, .origins = origins };
	int err;

	errors_clear(errors);
	if (!origins)
		return -ENOMEM;
	err = policy_new_default(&policy);
	if (err < 0)
		return err;
	reader.policy = policy;
	err = schema_apply(&reader, data, size);
	if (err < 0)
		return err;
	return policy_finish(&reader, &policy, ret_policy);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), ns = strlen(suffix);

	return *name != '.' && n > ns && !strcmp(name + n - ns, suffix);
}

static char *path_join(const char *directory, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* One entry of policy.d: 0, also for what is not ours to read. */
static int drop_in_add(const char *directory, const char *name, struct policy_errors *errors,
		       char **paths, size_t *n)
{
	_cleanup_(freep) char *path = NULL;

	if (!has_suffix(name, ".yaml") && !has_suffix(name, ".yml"))
		return 0;
	path = path_join(directory, name);
	if (!path)
		return -ENOMEM;
	if (has_suffix(name, ".yml"))
		file_error(errors, path, "would not be read: drop-ins end in .yaml");
	else if (*n == DROP_INS_MAX)
		file_error(errors, path, "too many drop-ins (the limit is %d)", DROP_INS_MAX);
	else
		paths[(*n)++] = TAKE_PTR(path);
	return errors_count(errors) ? -EBADMSG : 0;
}

/* Appends the drop-ins to paths, which has room for DROP_INS_MAX of them, in the order of names. */
static int drop_ins_find(const char *directory, struct policy_errors *errors, char **paths)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	size_t n = 0;

	dir = opendir(directory);
	if (!dir && errno == ENOENT)
		return 0;
	while (dir) {
		const struct dirent *entry;
		int err;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		err = drop_in_add(directory, entry->d_name, errors, paths, &n);
		if (err < 0)
			return err;
	}
	if (errno) {
		int err = -errno;

		file_error(errors, directory, "cannot be read: %s", strerror(-err));
		return err;
	}
	qsort(paths, n, sizeof(*paths), by_name);
	return 0;
}

/* Whoever can write a directory can put another file in a file's place. */
static int directory_check(const char *directory, struct policy_errors *errors)
{
	struct stat st;

	if (stat(directory, &st) < 0) {
		int err = errno == ENOENT ? 0 : -errno;

		if (err)
			file_error(errors, directory, "cannot be read: %s", strerror(-err));
		return err;
	}
	if (S_ISDIR(st.st_mode) && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	    (st.st_uid == 0 || st.st_uid == geteuid()))
		return 0;
	file_error(errors, directory, "%s",
		   !S_ISDIR(st.st_mode) ? "is not a directory" :
		   st.st_mode & (S_IWGRP | S_IWOTH) ?
					  "can be written by others than its owner: chmod go-w" :
					  "belongs neither to root nor to the caller: chown root");
	return -EBADMSG;
}

/* The files of a directory in their order, NULL-terminated. */
static int paths_find(const char *directory, struct policy_errors *errors, char ***ret_paths)
{
	_cleanup_(texts_freep) char **paths = NULL;
	_cleanup_(freep) char *drop_ins = NULL;
	struct stat st;
	size_t n = 1;
	int err;

	errors_clear(errors);
	paths = calloc(DROP_INS_MAX + 2, sizeof(*paths));
	drop_ins = path_join(directory, "policy.d");
	if (!paths || !drop_ins)
		return -ENOMEM;
	paths[0] = path_join(directory, "policy.yaml");
	if (!paths[0])
		return -ENOMEM;
	err = directory_check(directory, errors);
	if (!err)
		err = directory_check(drop_ins, errors);
	if (err < 0)
		return err;
	/* What is there but leads nowhere must not look like what is not there. */
	if (lstat(paths[0], &st) < 0 && errno == ENOENT) {
		free(TAKE_PTR(paths[0]));
		n = 0;
	}
	err = drop_ins_find(drop_ins, errors, paths + n);
	if (err < 0)
		return err;
	*ret_paths = TAKE_PTR(paths);
	return 0;
}

int policy_paths(struct policy_errors *errors, char ***ret_paths)
{
	return paths_find(POLICY_DIRECTORY, errors, ret_paths);
}

int policy_load_directory(const char *directory, struct policy **ret_policy,
			  struct policy_errors *errors)
{
	_cleanup_(texts_freep) char **paths = NULL;
	int err = paths_find(directory, errors, &paths);

	if (err < 0)
		return err;
	return policy_load((const char *const *)paths, ret_policy, errors);
}

int policy_load_default(const char *path, struct policy **ret_policy, struct policy_errors *errors)
{
	const char *const paths[] = { path, NULL };

	if (path)
		return policy_load(paths, ret_policy, errors);
	return policy_load_directory(POLICY_DIRECTORY, ret_policy, errors);
}
