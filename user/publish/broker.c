// SPDX-License-Identifier: Apache-2.0
/*
 * libmosquitto without its own loop. What was learnt about 2.0.11 (Debian 12) and shapes this:
 *
 * - its loop thread ends for good at the first failed TLS handshake: there is none here;
 * - a client that has failed keeps stale state: each connection has a client of its own;
 * - a publish while offline is queued without limit and reported as failed: it never happens here;
 * - CONNACK's refusal comes by callback with the reason and only then as a bare error.
 *
 * Every failure is alike: TLS, name look-up and authentication mend themselves when the clock is
 * set, the network is up, the certificate renewed. A broker that accepts and then says nothing is
 * given up after a time, since a stopped process keeps its sockets open.
 */
#include "publish/broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <mosquitto.h>

#include "base/clock.h"
#include "base/macros.h"
#include "publish/backoff.h"

#define SECOND_NS 1000000000ULL

enum {
	KEEPALIVE_S = 60,
	WORK_S = 20,	/* the keepalive is looked at; with its ping four wake-ups a minute */
	CONNECT_S = 30, /* from connect to CONNACK */
	ACK_S = 60 /* without any acknowledgement while some are due: a slow link needs seconds */
};

static void broker_fail(struct broker *broker, const char *what)
{
	uint32_t chance = 0;

	if (!broker->refused && what)
		snprintf(broker->reason, sizeof(broker->reason), "%s", what);
	broker_drop(broker);
	broker->failures++;
	/* Without randomness the wait is the shortest, which is no harm. */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	broker->retry_ns = clock_boot_ns() + backoff_ns(broker->failures, chance);
}

/* rc says what kind of failure, errno or the library's own words (in reason) say more. */
static void broker_fail_rc(struct broker *broker, int rc, int err)
{
	char text[BROKER_REASON_MAX];

	if (rc == MOSQ_ERR_ERRNO)
		snprintf(text, sizeof(text), "%s", strerror(err));
	else if (rc == MOSQ_ERR_TLS && broker->reason[0])
		snprintf(text, sizeof(text), "%s", broker->reason);
	else
		snprintf(text, sizeof(text), "%s", mosquitto_strerror(rc));
	text[strcspn(text, "\n")] = '\0';
	broker_fail(broker, text);
}

static void on_connect(struct mosquitto *client, void *userdata, int rc)
{
	struct broker *broker = userdata;

	(void)client;
	if (rc == 0) {
		broker->state = BROKER_UP;
		broker->expect_ns = UINT64_MAX;
		return;
	}
	broker->refused = true;
	snprintf(broker->reason, sizeof(broker->reason), "%s", mosquitto_connack_string(rc));
}

static void on_publish(struct mosquitto *client, void *userdata, int mid)
{
	struct broker *broker = userdata;

	(void)client;
	broker->failures = 0;
	broker->open -= broker->open > 0;
	broker->expect_ns = broker->open ? clock_boot_ns() + ACK_S * SECOND_NS : UINT64_MAX;
	broker->on_ack(mid, broker->userdata);
}

static void on_log(struct mosquitto *client, void *userdata, int level, const char *text)
{
	struct broker *broker = userdata;

	(void)client;
	/* The first error of a connection is its cause, those behind it are consequences. */
	if (level == MOSQ_LOG_ERR && !broker->reason[0])
		snprintf(broker->reason, sizeof(broker->reason), "%s", text);
}

/* A key with a passphrase can't be used by a service; OpenSSL would ask the terminal for it. */
static int no_passphrase(char *buffer, int size, int writing, void *userdata)
{
	(void)writing;
	(void)userdata;
	if (size > 0)
		buffer[0] = '\0';
	return 0;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int set_tls(struct mosquitto *client, const struct publish_conf *conf)
{
	int rc = mosquitto_tls_set(client, or_null(conf->ca), *conf->ca ? NULL : "/etc/ssl/certs",
				   or_null(conf->cert), or_null(conf->key), no_passphrase);

	/* The version named is the oldest that is spoken. */
	return rc ? rc : mosquitto_tls_opts_set(client, 1, "tlsv1.2", NULL);
}

static int prepare(struct mosquitto *client, const struct publish_conf *conf, const struct url *url,
		   const char *will_topic, const char *will)
{
	int rc;

	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_publish_callback_set(client, on_publish);
	mosquitto_log_callback_set(client, on_log);
	/* The window is ours. */
	rc = mosquitto_max_inflight_messages_set(client, 0);
	if (!rc)
		rc = mosquitto_will_set(client, will_topic, (int)strlen(will), will, 1, true);
	if (!rc && url->kind != URL_UNIX)
		rc = mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	if (!rc && url->kind == URL_TLS)
		rc = set_tls(client, conf);
	return rc;
}

/* Look-up and connect may take minutes. Nothing is open then, so SIGTERM may simply end us. */
static int connect_interruptibly(struct mosquitto *client, const struct url *url, int *ret_err)
{
	sigset_t set, old;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, &old);
	errno = 0;
	rc = mosquitto_connect(client, url->host, url->port, KEEPALIVE_S);
	*ret_err = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}

void broker_init(struct broker *broker, void (*on_ack)(int mid, void *userdata), void *userdata)
{
	*broker = (struct broker){ .on_ack = on_ack, .userdata = userdata };
}

void broker_connect(struct broker *broker, const struct publish_conf *conf, const struct url *url,
		    const char *will_topic, const char *will)
{
	int rc, err = 0;

	broker_drop(broker);
	broker->reason[0] = '\0';
	broker->refused = false;
	broker->client = mosquitto_new(conf->client_id, true, broker);
	if (!broker->client) {
		broker_fail(broker, strerror(errno));
		return;
	}
	rc = prepare(broker->client, conf, url, will_topic, will);
	if (!rc) {
		broker->state = BROKER_CONNECTING;
		rc = connect_interruptibly(broker->client, url, &err);
	}
	if (rc) {
		broker_fail_rc(broker, rc, err);
		return;
	}
	broker->expect_ns = clock_boot_ns() + CONNECT_S * SECOND_NS;
	broker->work_ns = clock_boot_ns() + WORK_S * SECOND_NS;
}

void broker_drop(struct broker *broker)
{
	if (broker->client)
		mosquitto_destroy(broker->client);
	broker->client = NULL;
	broker->state = BROKER_DOWN;
	broker->retry_ns = 0;
	broker->open = 0;
}

int broker_publish(struct broker *broker, const struct message *message, int *ret_mid)
{
	int rc, mid = 0;

	errno = 0;
	rc = mosquitto_publish(broker->client, &mid, message->topic, (int)message->size,
			       message->payload, 1, message->retain);
	if (rc) {
		broker_fail_rc(broker, rc, errno);
		return -ENOTCONN;
	}
	if (broker->open++ == 0)
		broker->expect_ns = clock_boot_ns() + ACK_S * SECOND_NS;
	*ret_mid = mid;
	return 0;
}

int broker_fd(const struct broker *broker)
{
	return broker->client ? mosquitto_socket(broker->client) : -1;
}

short broker_events(const struct broker *broker)
{
	if (!broker->client)
		return 0;
	return (short)(POLLIN | (mosquitto_want_write(broker->client) ? POLLOUT : 0));
}

void broker_work(struct broker *broker, short revents, uint64_t now_ns)
{
	int rc = MOSQ_ERR_SUCCESS;

	if (!broker->client)
		return;
	errno = 0;
	if (revents & (POLLIN | POLLERR | POLLHUP))
		rc = mosquitto_loop_read(broker->client, 1);
	if (!rc && mosquitto_want_write(broker->client))
		rc = mosquitto_loop_write(broker->client, 1);
	if (!rc)
		rc = mosquitto_loop_misc(broker->client);
	if (!rc && mosquitto_socket(broker->client) < 0)
		rc = MOSQ_ERR_CONN_LOST;
	broker->work_ns = now_ns + WORK_S * SECOND_NS;
	if (rc)
		broker_fail_rc(broker, rc, errno);
	else if (now_ns >= broker->expect_ns)
		broker_fail(broker, "the broker does not answer");
}

uint64_t broker_deadline(const struct broker *broker)
{
	if (!broker->client)
		return broker->retry_ns;
	return MIN(broker->work_ns, broker->expect_ns);
}
