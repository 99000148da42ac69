/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The mirror to journald by its native protocol (systemd JOURNAL_NATIVE_PROTOCOL), never blocking:
 * what journald does not take at once is counted and left. No journald is no error.
 */
#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"

struct mirror {
	int fd;		  /* -1: there is no journald */
	const char *path; /* of its socket; not owned; NULL: never opened, nothing is sent */
	uint64_t sent, lost;
};

int mirror_open(struct mirror *ret_mirror);
/* The same at another socket, which must outlive the mirror. */
int mirror_open_at(struct mirror *ret_mirror, const char *path);
/* For good: nothing is sent until it is opened again. */
void mirror_close(struct mirror *mirror);
/* It was opened, whether there is a journald or not (yet). */
bool mirror_is_on(const struct mirror *mirror);
void mirror_send(struct mirror *mirror, const struct alert *alert, uint64_t seq);
