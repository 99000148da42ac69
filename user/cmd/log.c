// SPDX-License-Identifier: Apache-2.0
/*
 * The journal, read while it may be written. It is read to the end of what is whole and not to the
 * synced mark: a person may see a line a few milliseconds before it is durable, and the mark may be
 * another journal's where --state-dir was given. Damage is told on stderr where it is met, reading
 * goes on behind it, and the exit status says that there was some.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/log_options.h"
#include "cmd/members.h"
#include "cmd/terminal.h"
#include "journal/reader.h"

struct kept {
	STAILQ_ENTRY(kept) next;
	size_t length;
	char text[];
};

STAILQ_HEAD(kept_list, kept);

struct log {
	struct log_options options;
	struct journal_reader *reader;
	struct kept_list kept; /* the last lines, while it is not known which are the last */
	uint64_t n_kept, shown;
	bool color, damaged;
};

static void log_fini(struct log *log)
{
	while (!STAILQ_EMPTY(&log->kept)) {
		struct kept *first = STAILQ_FIRST(&log->kept);

		STAILQ_REMOVE_HEAD(&log->kept, next);
		free(first);
	}
	journal_reader_close(log->reader);
}

static void tell_damage(struct log *log, const char *what)
{
	log_warning("the journal is damaged: %s", what);
	log->damaged = true;
}

static void show(struct log *log, const char *text, size_t n)
{
	_cleanup_(json_freep) struct json_object *line = NULL;

	if (log->options.json) {
		fwrite(text, 1, n, stdout);
		fputc('\n', stdout);
		log->shown++;
		return;
	}
	line = json_of(text, n);
	if (!line) {
		tell_damage(log, "a line is not JSON");
		return;
	}
	if (log->shown++ == 0)
		log_header(stdout, log->color);
	log_print(stdout, line, log->color);
}

static bool wanted(struct log *log, const struct journal_line *line)
{
	_cleanup_(json_freep) struct json_object *object = NULL;

	if (log_filter_empty(&log->options.filter))
		return true;
	object = json_of(line->text, line->length);
	if (!object)
		tell_damage(log, "a line is not JSON");
	return object && log_wanted(&log->options.filter, object);
}

static int keep(struct log *log, const struct journal_line *line)
{
	struct kept *kept = malloc(sizeof(*kept) + line->length), *first;

	if (!kept)
		return -ENOMEM;
	kept->length = line->length;
	memcpy(kept->text, line->text, line->length);
	STAILQ_INSERT_TAIL(&log->kept, kept, next);
	if (++log->n_kept > log->options.lines) {
		first = STAILQ_FIRST(&log->kept);
		STAILQ_REMOVE_HEAD(&log->kept, next);
		free(first);
		log->n_kept--;
	}
	return 0;
}

static void show_kept(struct log *log)
{
	struct kept *kept;

	STAILQ_FOREACH(kept, &log->kept, next)
	show(log, kept->text, kept->length);
}

/* Everything that is there now. `first`: not more than the last so many of it. -EPIPE: it could not
 * be shown, which main() tells. */
static int read_all(struct log *log, bool first)
{
	struct journal_line line;
	int r;

	while ((r = journal_reader_next(log->reader, &line)) != 0) {
		if (r == -EBADMSG) {
			tell_damage(log, journal_reader_error(log->reader));
			continue;
		}
		if (r < 0)
			return r;
		if (!wanted(log, &line))
			continue;
		if (!first || log->options.lines == UINT64_MAX)
			show(log, line.text, line.length);
		else if (keep(log, &line) < 0)
			return -ENOMEM;
	}
	if (first)
		show_kept(log);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -EPIPE;
}

/* Until a signal ends it, or nobody reads what is written. */
static int follow(struct log *log)
{
	struct pollfd fds[] = {
		{ .fd = journal_reader_fd(log->reader), .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },
	};

	for (;;) {
		int err;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[1].revents & (POLLERR | POLLHUP))
			return 0;
		journal_reader_drain(log->reader);
		err = read_all(log, false);
		if (err < 0)
			return err;
	}
}

static int refused(int err, const char *state_dir)
{
	if (err == -EACCES || err == -EPERM) {
		log_err_errno(err, "log: '%s/journal' (be root, or a member of its group)",
			      state_dir);
		return EXIT_PERMISSION;
	}
	if (err == -ENOENT || err == -ENOTDIR)
		log_err("log: no journal in '%s': evmon has not run with this state directory (--state-dir)",
			state_dir);
	else if (err == -EBADMSG)
		log_err("log: '%s/journal/id' is damaged: this is no journal any more", state_dir);
	else
		log_err_errno(err, "log: '%s/journal'", state_dir);
	return err == -EBADMSG ? EXIT_JOURNAL_BROKEN : EXIT_FAILED;
}

static int verify(const char *state_dir)
{
	_cleanup_(journal_reader_closep) struct journal_reader *reader = NULL;
	char error[320] = "";
	uint64_t lines = 0;
	int err = journal_verify(state_dir, error, sizeof(error), &lines);

	if (err == -EBADMSG) {
		log_err("log: the journal in '%s' is broken: %s", state_dir, error);
		return EXIT_JOURNAL_BROKEN;
	}
	if (err == 0)
		err = journal_reader_open(state_dir, NULL, &reader);
	if (err < 0)
		return refused(err, state_dir);
	printf("journal %s in %s: %" PRIu64 " lines, both chains whole\n",
	       journal_reader_id(reader), state_dir, lines);
	return EXIT_GOOD;
}

static int log_run(struct log *log)
{
	const char *state_dir = log->options.state_dir;
	int err = journal_reader_open(state_dir, NULL, &log->reader);

	if (err < 0)
		return refused(err, state_dir);
	err = read_all(log, true);
	if (err == 0 && log->options.follow)
		err = follow(log);
	if (err == -EPIPE)
		return EXIT_FAILED;
	if (err < 0)
		return refused(err, state_dir);
	if (!log->shown && !log->options.follow)
		log_info("log: no alert%s",
			 log_filter_empty(&log->options.filter) ? "" : " matches");
	return log->damaged ? EXIT_JOURNAL_BROKEN : EXIT_GOOD;
}

int log_main(int argc, char **argv)
{
	struct log log = { .color = terminal_color(stdout) };
	int r = log_options_parse(argc, argv, &log.options);

	if (r != 0)
		return r < 0 ? EXIT_USAGE : EXIT_GOOD;
	if (log.options.verify)
		return verify(log.options.state_dir);
	STAILQ_INIT(&log.kept);
	r = log_run(&log);
	log_fini(&log);
	return r;
}
