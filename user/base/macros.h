/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ownership in one word: `_cleanup_(freep) char *s = NULL;` frees on every way out of the block. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)	    __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

/* Takes the value out of a variable that owns it, and leaves it empty. */
#define TAKE(value, empty)                     \
	({                                     \
		typeof(value) *at_ = &(value); \
		typeof(value) got_ = *at_;     \
		*at_ = (empty);                \
		got_;                          \
	})
#define TAKE_PTR(p) TAKE(p, NULL)
#define TAKE_FD(fd) TAKE(fd, -1)

static inline void freep(void *at)
{
	free(*(void **)at);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Defines NAMEp() for _cleanup_ out of a NAME_free() or NAME_close() that takes NULL. */
#define DEFINE_CLEANUP(type, func)                   \
	static inline void func##p(typeof(type) *at) \
	{                                            \
		if (*at)                             \
			func(*at);                   \
	}                                            \
	struct dummy_for_semicolon_##func
