// SPDX-License-Identifier: Apache-2.0
/*
 * The owner of everything here, and its one loop. Each pass does what is due, says what has
 * changed, and waits for the earliest of: a signal, news of the runtime directory, news of the
 * journal, the broker, and the next deadline. There is no tick: a pass without a cause is the
 * keepalive's, the supervisor's watchdog's, or an answer to what the daemon has just written.
 *
 * A new connection is used for the status first (it takes the will's place), then for alerts.
 */
#include "publish/publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include <mosquitto.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/watchdog.h"
#include "journal/head.h"
#include "journal/publish_conf.h"
#include "publish/broker.h"
#include "publish/delivery.h"
#include "publish/report.h"
#include "publish/url.h"
#include "publish/watch.h"

#define SECOND_NS 1000000000ULL

enum {
	CURSOR_DIRECTORY_MODE = 0755, /* the daemon reads the cursor */
	LOCK_RECHECK_MS = 200,	      /* from the close of the lock's file to the end of the lock */
	WATCH_RETRY_S = 15,
	STOP_S = 1 /* for the acknowledgements of what is open */
};

struct publisher {
	const struct publisher_options *options;
	int signal_fd, cursor_fd, lock_fd;
	struct watch watch;
	struct watchdog watchdog;
	bool have_conf, told_conf;
	struct publish_conf conf;
	struct url url;
	struct broker broker;
	struct delivery delivery;
	struct report report;
	bool was_open;	      /* there was a connection at the end of the last pass */
	bool told_up;	      /* the last word on the connection: it is there */
	uint64_t recheck_ns;  /* the lock; UINT64_MAX: no need */
	uint64_t stopping_ns; /* until when acknowledgements are waited for; 0: not stopping */
	char told_reason[BROKER_REASON_MAX];
};

static void on_ack(int mid, void *userdata)
{
	struct publisher *publisher = userdata;

	if (!report_ack(&publisher->report, mid))
		delivery_ack(&publisher->delivery, mid, clock_boot_ns());
}

static int check_topics(const struct publish_conf *conf)
{
	char topic[BROKER_TOPIC_MAX];

	snprintf(topic, sizeof(topic), "%s/%s/status", conf->prefix, conf->station);
	return mosquitto_pub_topic_check(topic) == MOSQ_ERR_SUCCESS ? 0 : -EINVAL;
}

/* A new publish.conf; one that is wrong leaves nothing to do but to wait for the next. */
static int read_conf(struct publisher *publisher, struct publish_conf *ret_conf,
		     struct url *ret_url)
{
	_cleanup_(closep) int run_fd = -1;
	char error[PUBLISH_ERROR_MAX];
	int err;

	run_fd = open(publisher->options->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = run_fd < 0 ? -errno : publish_conf_read(run_fd, ret_conf, error);
	if (err == -ENOENT) {
		if (!publisher->told_conf)
			log_notice("waiting for '%s/publish.conf', which the daemon writes",
				   publisher->options->run_dir);
		return err;
	}
	if (err == -EINVAL) {
		log_err("'%s/publish.conf', %s", publisher->options->run_dir, error);
		return err;
	}
	if (err < 0)
		return log_err_errno(err, "cannot read '%s/publish.conf'",
				     publisher->options->run_dir);
	if (url_parse(ret_conf->broker, ret_url) < 0) {
		log_err("'%s' is no broker: use unix:/path, mqtt://host[:port] or mqtts://host[:port]",
			ret_conf->broker);
		return -EINVAL;
	}
	if (check_topics(ret_conf) < 0) {
		log_err("prefix '%s' and station '%s' make no topic", ret_conf->prefix,
			ret_conf->station);
		return -EINVAL;
	}
	return 0;
}

static void disconnect(struct publisher *publisher)
{
	broker_drop(&publisher->broker);
	delivery_restart(&publisher->delivery);
	report_restart(&publisher->report);
	publisher->was_open = false;
}

static void load_conf(struct publisher *publisher)
{
	struct publish_conf conf;
	struct url url;
	int err = read_conf(publisher, &conf, &url);

	publisher->told_conf = true;
	/* One that has gone (the daemon has stopped) still says where to tell of it. */
	if (err == -ENOENT)
		return;
	if (err == 0 && publisher->options->state_dir)
		snprintf(conf.state_dir, sizeof(conf.state_dir), "%s",
			 publisher->options->state_dir);
	if (err == 0 && publisher->have_conf && memcmp(&conf, &publisher->conf, sizeof(conf)) == 0)
		return;
	if (publisher->have_conf)
		disconnect(publisher);
	publisher->have_conf = err == 0;
	publisher->told_up = false;
	publisher->told_reason[0] = '\0';
	if (err < 0)
		return;
	publisher->conf = conf;
	publisher->url = url;
	publisher->broker.failures = 0;
}

/* The daemon holds the journal's lock, as far as can be known. */
static bool daemon_runs(const struct delivery *delivery)
{
	if (delivery->reader)
		return journal_reader_written(delivery->reader) != 0;
	return delivery->told_err != -ENOENT;
}

static void tell_connection(struct publisher *publisher)
{
	const struct broker *broker = &publisher->broker;

	if (broker->state == BROKER_UP && !publisher->told_up) {
		log_info("connected to %s as %s, going on after seq %" PRIu64,
			 publisher->conf.broker, publisher->conf.client_id,
			 publisher->delivery.cursor.seq);
		publisher->told_up = true;
		publisher->told_reason[0] = '\0';
	}
	if (broker->state == BROKER_DOWN && broker->failures &&
	    (publisher->told_up || strcmp(publisher->told_reason, broker->reason) != 0)) {
		log_warning("%s: %s; trying again", publisher->conf.broker, broker->reason);
		publisher->told_up = false;
		snprintf(publisher->told_reason, sizeof(publisher->told_reason), "%s",
			 broker->reason);
	}
}

static void note_connection(struct publisher *publisher)
{
	bool open = publisher->broker.state != BROKER_DOWN;

	if (publisher->was_open && !open) {
		delivery_restart(&publisher->delivery);
		report_restart(&publisher->report);
	}
	publisher->was_open = open;
	tell_connection(publisher);
}

static void connect_broker(struct publisher *publisher)
{
	char topic[BROKER_TOPIC_MAX], will[STATUS_OURS_MAX];

	snprintf(topic, sizeof(topic), "%s/%s/status", publisher->conf.prefix,
		 publisher->conf.station);
	status_compose(will, "offline", publisher->conf.station, NULL);
	broker_connect(&publisher->broker, &publisher->conf, &publisher->url, topic, will);
	publisher->was_open = publisher->broker.state != BROKER_DOWN;
}

/* What is due at this moment. */
static void publisher_pass(struct publisher *publisher)
{
	struct delivery *delivery = &publisher->delivery;
	struct broker *broker = &publisher->broker;
	uint64_t now_ns = clock_boot_ns();

	if (publisher->have_conf && !publisher->stopping_ns) {
		if (!delivery->reader && now_ns >= delivery->retry_ns)
			delivery_open(delivery, publisher->conf.state_dir, now_ns);
		if (broker->state == BROKER_DOWN && now_ns >= broker->retry_ns)
			connect_broker(publisher);
		report_check(&publisher->report, daemon_runs(delivery), now_ns);
		if (broker->state == BROKER_UP)
			report_send(&publisher->report, broker, &publisher->conf, now_ns);
		if (broker->state == BROKER_UP)
			delivery_pump(delivery, broker, &publisher->conf, now_ns);
	}
	note_connection(publisher);
	delivery_save(delivery, now_ns);
	if (now_ns >= publisher->watchdog.next_ns)
		watchdog_tell(&publisher->watchdog, true);
}

static uint64_t publisher_deadline(const struct publisher *publisher)
{
	uint64_t at = cursor_deadline(&publisher->delivery.cursor);

	if (publisher->broker.client)
		at = MIN(at, broker_deadline(&publisher->broker));
	/* As publisher_pass() has it: what it would not do must not wake it. */
	if (publisher->have_conf && !publisher->stopping_ns) {
		at = MIN(at, broker_deadline(&publisher->broker));
		at = MIN(at, publisher->delivery.retry_ns);
		at = MIN(at, report_deadline(&publisher->report));
	}
	if (publisher->stopping_ns)
		at = MIN(at, publisher->stopping_ns);
	at = MIN(at, publisher->watchdog.next_ns);
	if (watch_is_blind(&publisher->watch))
		at = MIN(at, clock_boot_ns() + WATCH_RETRY_S * SECOND_NS);
	return MIN(at, publisher->recheck_ns);
}

static void on_signal(struct publisher *publisher)
{
	struct signalfd_siginfo info;

	if (read(publisher->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (publisher->stopping_ns)
		return;
	publisher->stopping_ns = clock_boot_ns() + STOP_S * SECOND_NS;
	notify_supervisor("STOPPING=1");
}

static void on_journal(struct publisher *publisher)
{
	publisher->delivery.idle = false;
	if (journal_reader_drain(publisher->delivery.reader))
		publisher->recheck_ns = clock_boot_ns() + LOCK_RECHECK_MS * 1000000ULL;
}

static void on_news(struct publisher *publisher, unsigned news)
{
	if (news & WATCH_CONF)
		load_conf(publisher);
	if (news & WATCH_STATUS)
		report_read(&publisher->report, publisher->options->run_dir);
	if (news)
		publisher->delivery.idle = false;
	if (news && publisher->have_conf)
		delivery_open(&publisher->delivery, publisher->conf.state_dir, clock_boot_ns());
}

static int publisher_wait(struct publisher *publisher)
{
	enum {
		SIGNALS,
		WATCH,
		JOURNAL,
		BROKER,
		FDS
	};
	struct journal_reader *reader = publisher->delivery.reader;
	struct pollfd fds[FDS] = {
		[SIGNALS] = { .fd = publisher->signal_fd, .events = POLLIN },
		[WATCH] = { .fd = publisher->watch.fd, .events = POLLIN },
		[JOURNAL] = { .fd = reader ? journal_reader_fd(reader) : -1, .events = POLLIN },
		[BROKER] = { .fd = broker_fd(&publisher->broker),
			     .events = broker_events(&publisher->broker) },
	};
	uint64_t at = publisher_deadline(publisher), now_ns = clock_boot_ns();
	uint64_t wait_ns = at > now_ns ? at - now_ns : 0;
	const struct timespec timeout = { .tv_sec = (time_t)(wait_ns / SECOND_NS),
					  .tv_nsec = (long)(wait_ns % SECOND_NS) };

	if (ppoll(fds, FDS, at == UINT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR)
		return log_err_errno(errno, "cannot wait for events");
	now_ns = clock_boot_ns();
	if (now_ns >= publisher->recheck_ns)
		publisher->recheck_ns = UINT64_MAX;
	if (fds[SIGNALS].revents)
		on_signal(publisher);
	if (fds[JOURNAL].revents)
		on_journal(publisher);
	if (fds[BROKER].revents || now_ns >= broker_deadline(&publisher->broker))
		broker_work(&publisher->broker, fds[BROKER].revents, now_ns);
	note_connection(publisher);
	on_news(publisher, fds[WATCH].revents ? watch_drain(&publisher->watch) :
						watch_update(&publisher->watch));
	return 0;
}

static bool publisher_is_done(const struct publisher *publisher)
{
	if (!publisher->stopping_ns)
		return false;
	return publisher->broker.state != BROKER_UP || publisher->delivery.window.n == 0 ||
	       clock_boot_ns() >= publisher->stopping_ns;
}

static int open_signals(int *ret_fd)
{
	sigset_t set;
	int fd;

	/* TLS writes by write(2); a broker that has gone must not end us. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int publisher_open(struct publisher *publisher)
{
	const struct publisher_options *options = publisher->options;
	int err;

	err = open_signals(&publisher->signal_fd);
	if (err < 0)
		return log_err_errno(err, "cannot receive signals");
	err = dir_open_make(options->cursor_dir, CURSOR_DIRECTORY_MODE, &publisher->cursor_fd);
	if (err < 0)
		return log_err_errno(err, "cannot use the cursor's directory '%s' (--cursor-dir)",
				     options->cursor_dir);
	/* Two would send each line twice, and take the broker's connection from each other. */
	err = journal_lock(publisher->cursor_fd, &publisher->lock_fd);
	if (err == -EBUSY)
		log_err("another evmon-publish keeps its cursor in '%s'", options->cursor_dir);
	else if (err < 0)
		log_err_errno(err, "cannot lock '%s/lock'", options->cursor_dir);
	if (err < 0)
		return err;
	err = watch_open(&publisher->watch, options->run_dir);
	if (err < 0)
		return log_err_errno(err, "cannot watch '%s'", options->run_dir);
	delivery_init(&publisher->delivery, options->run_dir, publisher->cursor_fd);
	broker_init(&publisher->broker, on_ack, publisher);
	on_news(publisher, WATCH_ALL);
	watchdog_init(&publisher->watchdog);
	notify_supervisor("READY=1");
	return 0;
}

static void publisher_freep(struct publisher **at)
{
	struct publisher *publisher = *at;

	if (!publisher)
		return;
	broker_drop(&publisher->broker);
	delivery_fini(&publisher->delivery);
	report_fini(&publisher->report);
	watch_close(&publisher->watch);
	closep(&publisher->lock_fd);
	closep(&publisher->cursor_fd);
	closep(&publisher->signal_fd);
	free(publisher);
}

int publisher_run(const struct publisher_options *options)
{
	_cleanup_(publisher_freep) struct publisher *publisher = calloc(1, sizeof(*publisher));
	int err;

	if (!publisher)
		return log_err_errno(ENOMEM, "cannot start");
	publisher->options = options;
	publisher->signal_fd = publisher->cursor_fd = publisher->lock_fd = publisher->watch.fd = -1;
	publisher->recheck_ns = UINT64_MAX;
	err = publisher_open(publisher);
	while (err == 0) {
		publisher_pass(publisher);
		if (publisher_is_done(publisher))
			break;
		err = publisher_wait(publisher);
	}
	/* No DISCONNECT: the broker then publishes the will, whichever way this program ends. */
	if (publisher->cursor_fd >= 0)
		delivery_save(&publisher->delivery, UINT64_MAX);
	return err;
}
