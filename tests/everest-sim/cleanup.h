/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ownership of the stand-in tree's locals. It shares no code with evmon, so that a fault in evmon
 * can't hide in what tests it. */

#include <stdlib.h>
#include <errno.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_FD(fd)            \
	({                     \
		int t_ = (fd); \
		(fd) = -1;     \
		t_;            \
	})

#define TAKE_PTR(p)                     \
	({                              \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	})

static inline void closep(int *fd)
{
	int err = errno;

	if (*fd >= 0)
		close(*fd);
	errno = err;
}

static inline void freep(void *p)
{
	free(*(void **)p);
}
