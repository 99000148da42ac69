// SPDX-License-Identifier: Apache-2.0
/*
 * The journal is the queue, so there is none here: a backlog of any size costs the window and no
 * more. Lines leave in the order of seq, as the bytes that the journal has. After a failure the
 * reader goes back to the cursor; what was open then arrives twice, and nothing arrives never.
 *
 * Damage and what rotation took are said once and passed over: the lines behind them are wanted all
 * the more.
 */
#include "publish/delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "journal/line.h"

#define RETRY_NS 15000000000ULL

enum {
	SENSOR_MAX = 32
};

void delivery_init(struct delivery *delivery, const char *run_dir, int cursor_fd)
{
	int err;

	*delivery = (struct delivery){ .run_dir = run_dir, .retry_ns = UINT64_MAX };
	err = cursor_load(&delivery->cursor, cursor_fd);
	if (err == -EBADMSG)
		log_warning("the cursor is damaged: starting from the journal's beginning");
	else if (err < 0 && err != -ENOENT)
		log_err_errno(err, "cannot read the cursor, starting from the journal's beginning");
}

static void close_reader(struct delivery *delivery)
{
	journal_reader_close(delivery->reader);
	delivery->reader = NULL;
	window_clear(&delivery->window);
}

void delivery_fini(struct delivery *delivery)
{
	close_reader(delivery);
}

/* Says an error of the journal once, and when to look again. */
static void journal_failed(struct delivery *delivery, int err, const char *what, uint64_t now_ns)
{
	if (err != delivery->told_err)
		log_err_errno(err, "%s in '%s'", what, delivery->state_dir);
	delivery->told_err = err;
	delivery->retry_ns = now_ns + RETRY_NS;
	close_reader(delivery);
}

/* The cursor must be one of this journal. */
static void match_cursor(struct delivery *delivery, uint64_t now_ns)
{
	const char *id = journal_reader_id(delivery->reader);

	if (strcmp(delivery->cursor.journal, id) == 0)
		return;
	if (delivery->cursor.journal[0])
		log_notice(
			"the cursor is of journal %s, this is journal %s: starting from its beginning",
			delivery->cursor.journal, id);
	cursor_reset(&delivery->cursor, id, now_ns);
	delivery->told_lost_to = 0;
}

void delivery_open(struct delivery *delivery, const char *state_dir, uint64_t now_ns)
{
	int err;

	if (strcmp(delivery->state_dir, state_dir) != 0) {
		close_reader(delivery);
		snprintf(delivery->state_dir, sizeof(delivery->state_dir), "%s", state_dir);
		delivery->told_err = 0;
	}
	if (delivery->reader)
		return;
	delivery->retry_ns = UINT64_MAX;
	err = journal_reader_open(state_dir, delivery->run_dir, &delivery->reader);
	if (err < 0) {
		journal_failed(delivery, err, "cannot open the journal", now_ns);
		return;
	}
	match_cursor(delivery, now_ns);
	delivery->seek_due = true;
	if (delivery->told_err)
		log_notice("the journal in '%s' is there", state_dir);
	delivery->told_err = 0;
	delivery->idle = false;
}

void delivery_restart(struct delivery *delivery)
{
	window_clear(&delivery->window);
	delivery->idle = false;
	delivery->seek_due = true;
	/* What rotation removes while there is no broker is told as lost: it must not come after
	 * all, nor take room on the disk. */
	if (delivery->reader)
		journal_reader_leave(delivery->reader);
}

void delivery_ack(struct delivery *delivery, int mid, uint64_t now_ns)
{
	uint64_t seq = window_ack(&delivery->window, mid);

	if (seq)
		cursor_move(&delivery->cursor, seq, now_ns);
}

/* The line's topic by its sensor. */
static void make_topic(char topic[BROKER_TOPIC_MAX], const struct publish_conf *conf,
		       const struct journal_line *line)
{
	char sensor[SENSOR_MAX];

	if (line_sensor(line->text, line->length, sensor, sizeof(sensor)) < 0)
		snprintf(sensor, sizeof(sensor), "self");
	snprintf(topic, BROKER_TOPIC_MAX, "%s/%s/alert/%s", conf->prefix, conf->station, sensor);
}

/* Where one chain has lines that the other has lost, holes alternate with lines, by hundreds. */
static void tell_lost(struct delivery *delivery, bool at_end)
{
	const char *id = journal_reader_id(delivery->reader);
	bool first = !delivery->told_lost;
	struct journal_lost lost;

	journal_reader_get_lost(delivery->reader, &lost);
	delivery->told_lost = !at_end && (delivery->told_lost || lost.to > delivery->told_lost_to);
	if (lost.lines == 0 || lost.to <= delivery->told_lost_to)
		return;
	if (first)
		log_warning("lines %" PRIu64 " to %" PRIu64
			    " of journal %s are no longer there to be sent",
			    lost.from, lost.to, id);
	else if (at_end)
		log_warning("%" PRIu64 " lines up to %" PRIu64
			    " of journal %s were no longer there to be sent",
			    lost.lines, lost.to, id);
	else
		return;
	delivery->told_lost_to = lost.to;
}

/* The cursor is ahead of everything: the journal is an older copy of itself. */
static bool cursor_is_ahead(const struct delivery *delivery)
{
	uint64_t synced = journal_reader_synced(delivery->reader);

	return synced && synced < delivery->cursor.seq && delivery->window.n == 0;
}

/* Nothing more for now. */
static void rest(struct delivery *delivery, uint64_t now_ns)
{
	tell_lost(delivery, true);
	delivery->idle = true;
	if (!cursor_is_ahead(delivery))
		return;
	log_warning("the journal ends at %" PRIu64 ", the cursor stands at %" PRIu64
		    ": starting from its beginning",
		    journal_reader_synced(delivery->reader), delivery->cursor.seq);
	cursor_reset(&delivery->cursor, journal_reader_id(delivery->reader), now_ns);
	delivery_restart(delivery);
}

static int send_line(struct delivery *delivery, struct broker *broker,
		     const struct publish_conf *conf, const struct journal_line *line)
{
	char topic[BROKER_TOPIC_MAX];
	const struct message message = {
		.topic = topic,
		.payload = line->text,
		.size = line->length,
	};
	int mid = 0, err;

	tell_lost(delivery, false);
	make_topic(topic, conf, line);
	err = broker_publish(broker, &message, &mid);
	if (err == 0)
		window_push(&delivery->window, mid, line->seq);
	return err;
}

/* The mark is of another journal: that one is opened, if it is really there. */
static bool reopen(struct delivery *delivery, uint64_t now_ns)
{
	char old[JOURNAL_ID_MAX];

	snprintf(old, sizeof(old), "%s", journal_reader_id(delivery->reader));
	close_reader(delivery);
	delivery_open(delivery, delivery->state_dir, now_ns);
	if (!delivery->reader)
		return false;
	if (strcmp(journal_reader_id(delivery->reader), old) != 0)
		return true;
	close_reader(delivery);
	delivery->retry_ns = now_ns + RETRY_NS;
	return false;
}

/* False: there is nothing more to do now. */
static bool pump_one(struct delivery *delivery, struct broker *broker,
		     const struct publish_conf *conf, uint64_t now_ns)
{
	struct journal_line line;
	int r = journal_reader_next(delivery->reader, &line);

	if (r > 0)
		return send_line(delivery, broker, conf, &line) == 0;
	if (r == -EBADMSG) {
		log_warning("the journal is damaged: %s", journal_reader_error(delivery->reader));
		return true;
	}
	if (r == 0) {
		rest(delivery, now_ns);
		return !delivery->idle;
	}
	if (r == -ESTALE)
		return reopen(delivery, now_ns);
	journal_failed(delivery, r, "cannot read the journal", now_ns);
	return false;
}

/* The first reading after a restart. */
static void seek_cursor(struct delivery *delivery, uint64_t now_ns)
{
	int err;

	if (!delivery->seek_due || !delivery->reader)
		return;
	err = journal_reader_seek(delivery->reader, delivery->cursor.seq);
	if (err < 0)
		journal_failed(delivery, err, "cannot read the journal", now_ns);
	else
		delivery->seek_due = false;
}

void delivery_pump(struct delivery *delivery, struct broker *broker,
		   const struct publish_conf *conf, uint64_t now_ns)
{
	if (delivery->idle)
		return;
	while (broker->state == BROKER_UP && !window_full(&delivery->window)) {
		seek_cursor(delivery, now_ns);
		if (!delivery->reader || !pump_one(delivery, broker, conf, now_ns))
			return;
	}
}

void delivery_save(struct delivery *delivery, uint64_t now_ns)
{
	bool rests = delivery->idle && delivery->window.n == 0 && !delivery->told_cursor_err;
	int err;

	if (!rests && now_ns < cursor_deadline(&delivery->cursor))
		return;
	err = cursor_save(&delivery->cursor, now_ns);
	if (err < 0 && err != delivery->told_cursor_err)
		log_err_errno(err, "cannot save the cursor; after a restart lines are sent again");
	delivery->told_cursor_err = err;
}
