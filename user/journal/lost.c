// SPDX-License-Identifier: Apache-2.0
/*
 * Rotation does not wait for delivery. What it takes is always the oldest of a chain, so all lines
 * of that chain behind the cursor and before the oldest one left are gone: two numbers say it
 * exactly, nothing needs to be remembered, and after a crash the same question has the same answer.
 *
 * The cursor is written by evmon-publish, which talks to a network: it is read as a stranger's
 * file, of a few bytes. Where there is none, nothing was delivered. It is written after
 * acknowledgements, some lines late, and evmon-publish may still have a removed segment open: lines
 * told as lost may have been delivered, none that is lost is left out.
 */
#include "journal/lost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "journal/cursor.h"
#include "journal/segment.h"

int lost_cursor_dir(const char *state_dir, char path[PATH_MAX])
{
	size_t length = strlen(state_dir);
	int n;

	while (length > 1 && state_dir[length - 1] == '/')
		length--;
	n = snprintf(path, PATH_MAX, "%.*s-publish", (int)length, state_dir);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* The last line of this journal that was delivered; 0: none. */
static int read_cursor(const char *dir, const char *journal, uint64_t *ret_seq)
{
	_cleanup_(closep) int dir_fd = -1;
	struct cursor cursor = { .dir_fd = -1 };
	int err;

	*ret_seq = 0;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir_fd < 0 ? -errno : cursor_load(&cursor, dir_fd);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	if (strcmp(cursor.journal, journal) == 0)
		*ret_seq = cursor.seq;
	return 0;
}

int lost_take(struct journal *journal, const char *cursor_dir, struct lost *ret_lost)
{
	struct journal_heads heads;

	journal_get_heads(journal, &heads);
	for (size_t i = 0; i < CHAINS; i++) {
		uint64_t to = 0, delivered = 0;
		int err;

		if (!journal_take_removed(journal, (enum chain_id)i, &to))
			continue;
		err = read_cursor(cursor_dir, heads.id, &delivered);
		if (delivered >= to)
			continue;
		*ret_lost = (struct lost){ .chain = chain_name((enum chain_id)i),
					   .from = delivered + 1,
					   .to = to,
					   .cursor_err = err };
		return 1;
	}
	return 0;
}
