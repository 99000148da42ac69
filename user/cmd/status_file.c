// SPDX-License-Identifier: Apache-2.0
/*
 * The daemon writes the file at each change and at each watchdog stamp, and removes it when it
 * stops. A daemon that was killed leaves its last word behind: hence the stamp, in CLOCK_BOOTTIME,
 * and the boot's id beside it, for a runtime directory need not be a tmpfs.
 */
#include "cmd/status_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/members.h"

enum {
	STATUS_MAX = 256 * 1024
};

#define STALE_US UINT64_C(30000000)

void status_file_fini(struct status_file *file)
{
	json_freep(&file->object);
	free(file->text);
}

int status_file_read(const char *run_dir, struct status_file *ret_file)
{
	_cleanup_(json_freep) struct json_object *object = NULL;
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX + sizeof("/status.json")];
	const char *schema;
	size_t size;
	int err;

	snprintf(path, sizeof(path), "%s/status.json", run_dir);
	err = file_read(AT_FDCWD, path, STATUS_MAX, &text, &size);
	if (err < 0)
		return err;
	while (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	object = json_of(text, size);
	schema = member_string(object, "schema");
	if (!schema || strcmp(schema, "evmon.status/1") != 0)
		return -EBADMSG;
	*ret_file = (struct status_file){ .text = TAKE_PTR(text), .object = TAKE_PTR(object) };
	return 0;
}

int status_fresh(struct json_object *status, const struct status_now *now, uint64_t *ret_age_us)
{
	const char *boot = member_string(status, "boot");
	uint64_t stamp_us = member_number(status, "stamp_us");

	/* A stamp from the future is from another boot, too. */
	if (stamp_us > now->now_us ||
	    (boot && boot[0] && now->boot[0] && strcmp(boot, now->boot) != 0))
		return -ESTALE;
	if (now->now_us - stamp_us <= STALE_US)
		return 0;
	*ret_age_us = now->now_us - stamp_us;
	return -ETIME;
}

int status_file_now(const char *run_dir, struct status_file *ret_file, uint64_t *ret_now_us,
		    uint64_t *ret_age_us)
{
	char boot[CLOCK_BOOT_ID_MAX] = "";
	struct status_now now = { .boot = boot };
	int err = status_file_read(run_dir, ret_file);

	/* After reading: the stamp must not seem to come from the future. */
	*ret_now_us = now.now_us = clock_boot_ns() / 1000;
	if (err < 0)
		return err;
	(void)clock_boot_id(boot);
	return status_fresh(ret_file->object, &now, ret_age_us);
}
