// SPDX-License-Identifier: Apache-2.0
/*
 * The owner of both chains, and of seq. What holds at any moment, also after a power cut:
 *
 * - At most one chain has lines that are not synced: before the other one is written, the first is
 *   synced. So a power cut takes the last lines off the end of seq and never one from the middle,
 *   and a hole in seq always means that something was removed.
 * - seq is given away by a successful write only, and never again to another line that anybody can
 *   have seen: the reader stops at the mark, and the mark moves after fdatasync.
 * - head's floor is at or above every seq given away and at most FLOOR_STEP ahead. Where lines
 *   that must be there are not, seq goes on from the floor, and the notice says what is missing.
 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "journal/chain.h"
#include "journal/head.h"
#include "journal/line.h"

enum {
	FLOOR_STEP = 1024,
	DIRECTORY_MODE = 02750, /* files get the directory's group: the reader's way in */
	NOTICE_MAX = 256
};

struct journal {
	int dir_fd, lock_fd;
	int run_fd; /* not owned */
	char id[JOURNAL_ID_MAX], boot[CLOCK_BOOT_ID_MAX];
	char *station;
	bool cmdline_full;
	struct chain chains[CHAINS];
	struct head head;
	uint64_t seq; /* of the last line */
	struct mark mark;
	bool mark_written;
	uint64_t recovered;
	char notice[NOTICE_MAX];
	char line[ALERT_LINE_MAX];
};

static void journal_notice_add(struct journal *journal, const char *what)
{
	size_t used = strlen(journal->notice);

	snprintf(journal->notice + used, sizeof(journal->notice) - used, "%s%s", used ? "; " : "",
		 what);
}

static int open_directory(struct journal *journal, int state_fd)
{
	bool made = mkdirat(state_fd, "journal", DIRECTORY_MODE & 0777) == 0;
	struct stat st;

	if (!made && errno != EEXIST && errno != EROFS)
		return -errno;
	journal->dir_fd = openat(state_fd, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->dir_fd < 0)
		return -errno;
	/* Only when it is new: what an administrator set later is the administrator's. In a state
	 * directory of mode 2750 it comes so; a unit's RestrictSUIDSGID= would refuse to set it. */
	if (!made)
		return 0;
	if (fstat(journal->dir_fd, &st) < 0 ||
	    ((st.st_mode & 07777) != DIRECTORY_MODE &&
	     fchmod(journal->dir_fd, DIRECTORY_MODE) < 0) ||
	    fsync(state_fd) < 0)
		return -errno;
	return 0;
}

/* The id in its file, else the one that the lines carry, else a new one. */
static int settle_id(struct journal *journal, const struct chain_repair *repairs)
{
	int err = journal_id_read(journal->dir_fd, journal->id);

	if (err != -ENOENT && err != -EBADMSG)
		return err;
	for (size_t i = 0; i < CHAINS; i++)
		if (repairs[i].journal[0])
			memcpy(journal->id, repairs[i].journal, JOURNAL_ID_MAX);
	if (journal->id[0]) {
		journal_notice_add(journal, "the file with the journal's id was missing");
	} else {
		err = random_hex(journal->id, (JOURNAL_ID_MAX - 1) / 2);
		if (err < 0)
			return err;
	}
	return journal_id_write(journal->dir_fd, journal->id);
}

/* Whether a chain lacks what head or its own numbers promise. */
static bool chain_lacks(const struct chain *chain, const struct chain_repair *repair,
			uint64_t expected)
{
	return repair->hole || chain->segment < expected || (chain->segment > 1 && chain->seq == 0);
}

/* Where seq goes on, and whether anything is missing. */
static int settle_seq(struct journal *journal, const struct chain_repair *repairs)
{
	bool lacks = false;
	struct mark mark;
	int err = head_read(journal->dir_fd, &journal->head);

	if (err < 0 && err != -ENOENT && err != -EBADMSG)
		return err;
	for (size_t i = 0; i < CHAINS; i++) {
		struct chain *chain = &journal->chains[i];

		if (chain_lacks(chain, &repairs[i], journal->head.segments[i])) {
			journal_notice_add(journal, i == CHAIN_URGENT ?
							    "segments of urgent are missing" :
							    "segments of routine are missing");
			lacks = true;
		}
		chain->segment = MAX(chain->segment, journal->head.segments[i]);
		journal->seq = MAX(journal->seq, chain->seq);
		journal->recovered += repairs[i].cut;
	}
	if (!lacks && journal->seq + FLOOR_STEP < journal->head.floor) {
		journal_notice_add(journal, "the last lines are missing");
		lacks = true;
	}
	if (lacks)
		journal->seq = MAX(journal->seq, journal->head.floor);
	if (journal->run_fd >= 0 && mark_read(journal->run_fd, &mark) == 0 &&
	    strcmp(mark.id, journal->id) == 0 && mark.seq > journal->seq) {
		journal_notice_add(journal, "lines that had been synced are missing");
		journal->seq = mark.seq;
	}
	return 0;
}

/* Brings head up to what the next line needs. */
static int update_head(struct journal *journal)
{
	struct head head = journal->head;
	int err;

	if (journal->seq >= head.floor)
		head.floor = journal->seq + FLOOR_STEP;
	for (size_t i = 0; i < CHAINS; i++)
		head.segments[i] = journal->chains[i].segment;
	if (memcmp(&head, &journal->head, sizeof(head)) == 0)
		return 0;
	err = head_write(journal->dir_fd, &head);
	if (err == 0)
		journal->head = head;
	return err;
}

static int open_chains(struct journal *journal, uint64_t size, struct chain_repair *repairs)
{
	for (size_t i = 0; i < CHAINS; i++) {
		int err = chain_open(&journal->chains[i], journal->dir_fd, (enum chain_id)i,
				     size / CHAINS, &repairs[i]);

		if (err < 0)
			return err;
	}
	return 0;
}

static int reserve_chains(struct journal *journal)
{
	int err = 0;

	for (size_t i = 0; i < CHAINS && err == 0; i++)
		err = chain_reserve(&journal->chains[i], 0);
	return err;
}

static int journal_new(const struct journal_config *config, struct journal **ret_journal)
{
	_cleanup_(journal_closep) struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	journal->dir_fd = journal->lock_fd = -1;
	journal->run_fd = config->run_fd;
	journal->cmdline_full = config->cmdline_full;
	for (size_t i = 0; i < CHAINS; i++)
		journal->chains[i].fd = -1;
	journal->station = strdup(config->station);
	if (!journal->station)
		return -ENOMEM;
	*ret_journal = TAKE_PTR(journal);
	return 0;
}

/* The steps of opening, each with the words for its failure. */
static int journal_start(struct journal *journal, const struct journal_config *config,
			 const char **ret_where)
{
	struct chain_repair repairs[CHAINS] = { 0 };
	int err;

	*ret_where = "cannot make or open the directory journal/";
	err = open_directory(journal, config->state_fd);
	if (err < 0)
		return err;
	*ret_where = "cannot lock journal/lock (another evmon may be writing)";
	err = journal_lock(journal->dir_fd, &journal->lock_fd);
	if (err < 0)
		return err;
	*ret_where = "cannot read the boot id";
	err = clock_boot_id(journal->boot);
	if (err < 0)
		return err;
	*ret_where = "cannot read or repair the journal's segments";
	err = open_chains(journal, config->size, repairs);
	if (err < 0)
		return err;
	*ret_where = "cannot read or write journal/id";
	err = settle_id(journal, repairs);
	if (err < 0)
		return err;
	*ret_where = "cannot read journal/head";
	err = settle_seq(journal, repairs);
	if (err < 0)
		return err;
	*ret_where = "cannot make the journal's segments";
	err = reserve_chains(journal);
	if (err < 0)
		return err;
	*ret_where = "cannot write journal/head";
	err = update_head(journal);
	if (err < 0)
		return err;
	*ret_where = "cannot sync the journal or write the mark 'synced'";
	return journal_sync(journal);
}

int journal_open(const struct journal_config *config, struct journal **ret_journal,
		 const char **ret_where)
{
	_cleanup_(journal_closep) struct journal *journal = NULL;
	const char *where = "cannot allocate the journal";
	int err = journal_new(config, &journal);

	if (err == 0)
		err = journal_start(journal, config, &where);
	if (err < 0) {
		*ret_where = where;
		return err;
	}
	*ret_journal = TAKE_PTR(journal);
	return 0;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->mark_written)
		journal_sync(journal);
	for (size_t i = 0; i < CHAINS; i++)
		chain_close(&journal->chains[i]);
	closep(&journal->lock_fd);
	closep(&journal->dir_fd);
	free(journal->station);
	free(journal);
}

void journal_cmdline(struct journal *journal, bool full)
{
	journal->cmdline_full = full;
}

/* The line into journal->line; its length. */
static int make_line(struct journal *journal, const struct alert *alert, const char *prev,
		     char hash[HASH_HEX])
{
	struct alert_stamp stamp = {
		.journal = journal->id,
		.station = journal->station,
		.boot = journal->boot,
		.prev = prev,
		.seq = journal->seq + 1,
		.offset_ns = clock_offset_ns(),
		.synced = clock_synced(),
		.durable = true,
		.cmdline_full = journal->cmdline_full,
	};
	int n = alert_format_json(alert, &stamp, journal->line, sizeof(journal->line));

	return n < 0 ? n : line_seal(journal->line, (size_t)n, sizeof(journal->line), hash);
}

int journal_append(struct journal *journal, const struct alert *alert, uint64_t *ret_seq)
{
	bool urgent = alert->severity >= SEVERITY_HIGH;
	struct chain *chain = &journal->chains[urgent ? CHAIN_URGENT : CHAIN_ROUTINE];
	struct chain *other = &journal->chains[urgent ? CHAIN_ROUTINE : CHAIN_URGENT];
	char hash[HASH_HEX];
	int err, n;

	n = make_line(journal, alert, chain->hash, hash);
	if (n < 0)
		return n;
	err = chain_sync(other);
	if (err == 0)
		err = chain_reserve(chain, (size_t)n);
	if (err == 0)
		err = update_head(journal);
	if (err == 0)
		err = chain_append(chain, journal->line, (size_t)n, journal->seq + 1, hash);
	if (err < 0)
		return err;
	journal->seq++;
	if (ret_seq)
		*ret_seq = journal->seq;
	return 0;
}

int journal_sync(struct journal *journal)
{
	struct mark mark = { .seq = journal->seq };
	int err = 0;

	for (size_t i = 0; i < CHAINS && err == 0; i++)
		err = chain_sync(&journal->chains[i]);
	if (err < 0 || journal->run_fd < 0 ||
	    (journal->mark_written && journal->mark.seq == mark.seq))
		return err;
	memcpy(mark.id, journal->id, sizeof(mark.id));
	err = mark_write(journal->run_fd, &mark);
	if (err < 0)
		return err;
	journal->mark = mark;
	journal->mark_written = true;
	return 0;
}

bool journal_dirty(const struct journal *journal)
{
	if (journal->run_fd >= 0 && journal->mark.seq != journal->seq)
		return true;
	return journal->chains[CHAIN_URGENT].dirty || journal->chains[CHAIN_ROUTINE].dirty;
}

bool journal_take_removed(struct journal *journal, enum chain_id id, uint64_t *ret_to)
{
	struct chain *chain = &journal->chains[id];
	bool removed = chain->removed;

	chain->removed = false;
	if (removed)
		*ret_to = chain->removed_to;
	return removed;
}

uint64_t journal_recovered(const struct journal *journal)
{
	return journal->recovered;
}

const char *journal_notice(const struct journal *journal)
{
	return journal->notice[0] ? journal->notice : NULL;
}

void journal_get_heads(const struct journal *journal, struct journal_heads *ret_heads)
{
	memcpy(ret_heads->id, journal->id, sizeof(ret_heads->id));
	ret_heads->seq = journal->seq;
	memcpy(ret_heads->urgent, journal->chains[CHAIN_URGENT].hash, HASH_HEX);
	memcpy(ret_heads->routine, journal->chains[CHAIN_ROUTINE].hash, HASH_HEX);
}
