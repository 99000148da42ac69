// SPDX-License-Identifier: Apache-2.0
/*
 * A .config is lines of CONFIG_NAME=value and comments, one of which says that a name is not set;
 * the last word on a name holds. Anything else in the file means that it is another kind of file,
 * and then it is better to say so than to find everything missing. zlib reads what is compressed
 * and what is not alike, so nobody has to know which it is.
 */
#include "kernel/kernel_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "kernel/kernel_config_file.h"

enum {
	CONFIG_MAX = 4 * 1024 * 1024, /* Debian's has 300 KiB */
	CHUNK = 64 * 1024
};

static const char prefix[] = "CONFIG_";

static inline void gzclosep(gzFile *file)
{
	if (*file)
		gzclose_r(*file);
}

void kernel_config_free(struct kernel_config *config)
{
	if (!config)
		return;
	free(config->options);
	free(config->text);
	free(config);
}

static int read_failed(gzFile file, const char *path, char *where, size_t size)
{
	int zlib = Z_OK, err = errno;
	const char *text = gzerror(file, &zlib);

	if (zlib == Z_ERRNO) {
		snprintf(where, size, "%s: %s", path, strerror(err));
		return err ? -err : -EIO;
	}
	/* "<fd:3>: incorrect data check" */
	if (*text == '<' && strstr(text, ">: "))
		text = strstr(text, ">: ") + strlen(">: ");
	snprintf(where, size, "%s: cannot be decompressed: %s", path,
		 zlib == Z_BUF_ERROR ? "it is cut short" : text);
	return -EBADMSG;
}

/* A stream that ends early is an error of its last read, which gives what there was. */
static int text_read(gzFile file, const char *path, struct kernel_config *config, char *where,
		     size_t size)
{
	int zlib = Z_OK;

	config->text = malloc(CONFIG_MAX + 1);
	if (!config->text) {
		snprintf(where, size, "out of memory");
		return -ENOMEM;
	}
	for (;;) {
		unsigned room = (unsigned)MIN(CONFIG_MAX - config->size, (size_t)CHUNK);
		int n = room ? gzread(file, config->text + config->size, room) : -1;

		if (!room) {
			snprintf(where, size, "%s: larger than %d MiB, which no kernel's is", path,
				 CONFIG_MAX >> 20);
			return -EFBIG;
		}
		gzerror(file, &zlib);
		if (n < 0 || zlib != Z_OK)
			return read_failed(file, path, where, size);
		if (n == 0)
			break;
		config->size += (size_t)n;
	}
	config->text[config->size] = '\0';
	return 0;
}

static int option_add(struct kernel_config *config, char *name, char *value)
{
	size_t n = strlen(value);

	if (config->n == config->room) {
		size_t room = config->room ? 2 * config->room : 4096;
		struct config_option *options = realloc(config->options, room * sizeof(*options));

		if (!options)
			return -ENOMEM;
		config->options = options;
		config->room = room;
	}
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	config->options[config->n++] = (struct config_option){ name, value };
	return 0;
}

/* "# Linux/arm64 6.1.176 Kernel Configuration" */
static void comment_read(struct kernel_config *config, const char *line)
{
	char machine[sizeof(config->machine)], release[sizeof(config->release)];
	int end = 0;

	if (sscanf(line, "# Linux/%64s %64s Kernel Configuration%n", machine, release, &end) != 2 ||
	    !end || line[end])
		return;
	memcpy(config->machine, machine, sizeof(machine));
	memcpy(config->release, release, sizeof(release));
}

static size_t name_length(const char *name)
{
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

/* "# CONFIG_NAME is not set" takes back what a line before has set. */
static int unset_read(struct kernel_config *config, char *line)
{
	size_t n;

	if (strncmp(line, "# CONFIG_", strlen("# CONFIG_")) != 0)
		return 0;
	line += strlen("# CONFIG_");
	n = name_length(line);
	if (!n || strcmp(line + n, " is not set") != 0)
		return 0;
	line[n] = '\0';
	return option_add(config, line, line + n);
}

static int line_read(struct kernel_config *config, char *line)
{
	size_t n;

	line[strcspn(line, "\r")] = '\0';
	if (*line == '#')
		comment_read(config, line);
	if (*line == '#' || !*line)
		return unset_read(config, line);
	if (strncmp(line, prefix, strlen(prefix)) != 0)
		return -EBADMSG;
	line += strlen(prefix);
	n = name_length(line);
	if (!n || line[n] != '=' || !line[n + 1])
		return -EBADMSG;
	line[n] = '\0';
	return option_add(config, line, line + n + 1);
}

static int lines_read(struct kernel_config *config, const char *path, char *where, size_t size)
{
	char *at = config->text, *end = config->text + config->size;
	unsigned number = 0;
	int err = 0;

	while (err == 0 && at < end) {
		char *next = memchr(at, '\n', (size_t)(end - at));

		if (!next)
			next = end;
		*next = '\0';
		number++;
		err = strlen(at) == (size_t)(next - at) ? line_read(config, at) : -EBADMSG;
		at = next + 1;
	}
	if (err == -EBADMSG)
		snprintf(where, size, "%s:%u: not a line of a kernel configuration", path, number);
	else if (err < 0)
		snprintf(where, size, "out of memory");
	else if (!config->n)
		snprintf(where, size, "%s: not a kernel configuration: it sets no CONFIG_ option",
			 path);
	return err < 0 || config->n ? err : -EBADMSG;
}

int kernel_config_read(const char *path, struct kernel_config **ret_config, char *where,
		       size_t where_size)
{
	_cleanup_(kernel_config_freep) struct kernel_config *config = calloc(1, sizeof(*config));
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_(gzclosep) gzFile file = NULL;
	int err = -errno;

	if (fd < 0) {
		snprintf(where, where_size, "%s: %s", path, strerror(-err));
		return err;
	}
	file = gzdopen(fd, "rb");
	if (!config || !file) {
		snprintf(where, where_size, "out of memory");
		return -ENOMEM;
	}
	TAKE_FD(fd);
	err = text_read(file, path, config, where, where_size);
	if (err >= 0)
		err = lines_read(config, path, where, where_size);
	if (err < 0)
		return err;
	*ret_config = TAKE_PTR(config);
	return 0;
}

const char *kernel_config_value(const struct kernel_config *config, const char *option)
{
	for (size_t i = config->n; i-- > 0;)
		if (!strcmp(config->options[i].name, option))
			return config->options[i].value[0] ? config->options[i].value : NULL;
	return NULL;
}

bool kernel_config_is_whole(const struct kernel_config *config)
{
	return config->release[0];
}
