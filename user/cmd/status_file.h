/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* status.json, and whether the daemon that wrote it still lives. */
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct status_now {
	uint64_t now_us;  /* CLOCK_BOOTTIME */
	const char *boot; /* this boot's id; "" where it is not known */
};

struct status_file {
	char *text;		    /* as it is in the file, without the newline; owned */
	struct json_object *object; /* owned */
};

void status_file_fini(struct status_file *file);
/* Reads <run_dir>/status.json. -ENOENT: there is none; -EBADMSG: not a status. */
int status_file_read(const char *run_dir, struct status_file *ret_file);
/* 0: it was written just now; -ETIME: too long ago, *ret_age_us says how long; -ESTALE: before this
 * boot. */
int status_fresh(struct json_object *status, const struct status_now *now, uint64_t *ret_age_us);
/* Both, as of now: *ret_now_us is when. A file that is too old is read all the same. */
int status_file_now(const char *run_dir, struct status_file *ret_file, uint64_t *ret_now_us,
		    uint64_t *ret_age_us);
