// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of journal and publish share: a private pair of directories, and alerts
 * of bind.admin-panel (urgent) and bind.mqtt-loopback (routine) with numbered messages.
 */
#include "journal_help.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"

void place_make(struct place *place)
{
	/* In memory where that is possible: thousands of fdatasync are not what is tested. */
	snprintf(place->root, sizeof(place->root), "%s/evmon-unit-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(place->root));
	snprintf(place->state, sizeof(place->state), "%s/state", place->root);
	snprintf(place->run, sizeof(place->run), "%s/run", place->root);
	assert_int_equal(dir_open_make(place->state, 0700, &place->state_fd), 0);
	assert_int_equal(dir_open_make(place->run, 0700, &place->run_fd), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void place_remove(struct place *place)
{
	close(place->state_fd);
	close(place->run_fd);
	assert_int_equal(nftw(place->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int place_set_up(void **state)
{
	struct place *place = malloc(sizeof(*place));

	assert_non_null(place);
	place_make(place);
	*state = place;
	return 0;
}

int place_tear_down(void **state)
{
	place_remove(*state);
	free(*state);
	return 0;
}

int place_try_open(const struct place *place, uint64_t size, struct journal **ret_journal)
{
	const struct journal_config config = {
		.state_fd = place->state_fd,
		.run_fd = place->run_fd,
		.station = "cp-test",
		.size = size,
	};
	const char *where = NULL;
	int err = journal_open(&config, ret_journal, &where);

	if (err < 0)
		assert_non_null(where);
	return err;
}

struct journal *place_open(const struct place *place, uint64_t size)
{
	struct journal *journal = NULL;

	assert_int_equal(place_try_open(place, size, &journal), 0);
	return journal;
}

int try_line(struct journal *journal, bool urgent, unsigned number, uint64_t *ret_seq)
{
	struct alert *alert = calloc(1, sizeof(*alert));
	int err;

	assert_non_null(alert);
	alert->time_ns = alert->first_ns = alert->last_ns = clock_boot_ns();
	alert->sensor = EVMON_SENSOR_BIND;
	alert->rule = urgent ? EVMON_RULE_BIND_ADMIN_PANEL : EVMON_RULE_BIND_MQTT_LOOPBACK;
	alert->severity = urgent ? SEVERITY_CRITICAL : SEVERITY_MEDIUM;
	snprintf(alert->rule_name, sizeof(alert->rule_name), "%s",
		 urgent ? "bind.admin-panel" : "bind.mqtt-loopback");
	alert->verdict = EVMON_VERDICT_ALERT;
	alert->count = 1;
	alert->bind.port = 8849;
	snprintf(alert->message, sizeof(alert->message), "number %u", number);
	err = journal_append(journal, alert, ret_seq);
	free(alert);
	return err;
}

uint64_t add_line(struct journal *journal, bool urgent, unsigned number)
{
	uint64_t seq = 0;

	assert_int_equal(try_line(journal, urgent, number, &seq), 0);
	return seq;
}

void segment_path(const struct place *place, const char *chain, unsigned number, char path[160])
{
	snprintf(path, 160, "%s/journal/%s-%08u.jsonl", place->state, chain, number);
}

char *slurp(const char *path, size_t *ret_size)
{
	char *data = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 26, &data, ret_size), 0);
	return data;
}

void spit(const char *path, const char *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, data, size), 0);
	close(fd);
}
