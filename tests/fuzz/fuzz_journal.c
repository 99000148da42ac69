// SPDX-License-Identifier: Apache-2.0
/*
 * A journal as the writer made it, with edits: each five bytes of the input set, flip, zero, cut,
 * remove or overwrite something in one of its files. The reader comes to an end whatever is left,
 * the writer opens it or says why not, and what it then writes is read back as the last line.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "fuzz.h"
#include "journal/journal.h"
#include "journal/lost.h"
#include "journal/reader.h"

enum {
	EDIT = 5,
	EDITS_MAX = 64,
	LINES = 24,
	REACH = 24 * 1024, /* all lines lie below */
	STEPS_MAX = 10000  /* far more than there are lines and edits to tell of */
};

static const char *const names[] = { "journal/urgent-00000001.jsonl",
				     "journal/routine-00000001.jsonl", "journal/head", "journal/id",
				     "synced" };

static struct journal *journal_try(int dir_fd)
{
	const struct journal_config config = { .state_fd = dir_fd,
					       .run_fd = dir_fd,
					       .station = "cp",
					       .size = 1 };
	struct journal *journal = NULL;
	const char *where = NULL;

	PROMISE(journal_open(&config, &journal, &where) == 0 || where);
	return journal;
}

static int add(struct journal *journal, bool urgent, uint64_t *ret_seq)
{
	struct alert alert = { .sensor = EVMON_SENSOR_SELF,
			       .rule = EVMON_RULE_SELF_STARTED,
			       .severity = urgent ? SEVERITY_CRITICAL : SEVERITY_LOW,
			       .count = 1,
			       .rule_name = "self.started" };

	return journal_append(journal, &alert, ret_seq);
}

static void make(int dir_fd)
{
	struct journal *journal = journal_try(dir_fd);

	PROMISE(journal);
	for (unsigned i = 0; i < LINES; i++)
		PROMISE(add(journal, i % 3 == 0, NULL) == 0);
	journal_close(journal);
}

static void edit(int dir_fd, const uint8_t bytes[EDIT])
{
	const char *name = names[bytes[0] % ARRAY_SIZE(names)];
	off_t at = (bytes[1] << 8 | bytes[2]) % REACH;
	char run[256] = { 0 };
	char byte = (char)bytes[3];
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	switch (bytes[4] % 8) {
	case 0:
		(void)!pread(fd, &byte, 1, at);
		byte = (char)(byte ^ 1 << bytes[3] % 8);
		(void)!pwrite(fd, &byte, 1, at);
		break;
	case 1:
		(void)!pwrite(fd, run, bytes[3], at);
		break;
	case 2:
		(void)!ftruncate(fd, at);
		break;
	case 3:
		(void)unlinkat(dir_fd, name, 0);
		break;
	case 4: /* a piece of the file over another */
		(void)!pread(fd, run, sizeof(run), at);
		(void)!pwrite(fd, run, sizeof(run), (at + bytes[3] * 64) % REACH);
		break;
	default:
		(void)!pwrite(fd, &byte, 1, at);
	}
	close(fd);
}

/* The seq of the last line that it gives. */
static uint64_t read_all(const char *dir, const char *run_dir)
{
	_cleanup_(journal_reader_closep) struct journal_reader *reader = NULL;
	struct journal_line line;
	uint64_t last = 0;
	int r = journal_reader_open(dir, run_dir, &reader);

	if (r == 0)
		r = journal_reader_seek(reader, 0);
	for (unsigned steps = 0; reader && (r >= 0 || r == -EBADMSG); steps++) {
		PROMISE(steps < STEPS_MAX);
		r = journal_reader_next(reader, &line);
		if (r == 0)
			break;
		if (r < 0)
			continue;
		PROMISE(line.seq > last && line.length > 0);
		last = line.seq;
	}
	return last;
}

static void write_one(int dir_fd, const char *dir)
{
	_cleanup_(journal_closep) struct journal *journal = journal_try(dir_fd);
	uint64_t seq = 0, lines;
	char error[256];
	struct lost lost;

	if (!journal)
		return;
	while (lost_take(journal, dir, &lost) > 0)
		PROMISE(lost.from <= lost.to);
	if (add(journal, true, &seq) < 0 || journal_sync(journal) < 0)
		return;
	PROMISE(read_all(dir, dir) == seq);
	(void)journal_verify(dir, error, sizeof(error), &lines);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/dev/shm/evmon-fuzz-XXXXXX";
	int dir_fd;

	PROMISE(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PROMISE(dir_fd >= 0);
	make(dir_fd);
	for (size_t i = 0; i + EDIT <= size && i < EDIT * EDITS_MAX; i += EDIT)
		edit(dir_fd, data + i);
	read_all(dir, NULL);
	read_all(dir, dir);
	write_one(dir_fd, dir);
	close(dir_fd);
	PROMISE(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	return 0;
}
