/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One connection to the broker after another. Nothing here waits but the connect itself; whatever
 * goes wrong ends the connection, and the next one starts from nothing after a back-off.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/publish_conf.h"
#include "publish/url.h"

struct mosquitto;

enum broker_state {
	BROKER_DOWN,	   /* until retry_ns */
	BROKER_CONNECTING, /* until the broker has said yes */
	BROKER_UP
};

enum {
	BROKER_REASON_MAX = 256,
	BROKER_TOPIC_MAX = PUBLISH_PREFIX_MAX + STATION_MAX + 64
};

struct broker {
	struct mosquitto *client; /* owned; NULL: down */
	enum broker_state state;
	unsigned failures;  /* in a row; ends with the first acknowledgement */
	uint64_t retry_ns;  /* when down: the next try */
	uint64_t expect_ns; /* when not: the broker must have moved by then; UINT64_MAX: idle */
	uint64_t work_ns;   /* when the library wants to look at its keepalive */
	unsigned open;	    /* messages that are not acknowledged */
	bool refused;	    /* by CONNACK; reason says why */
	char reason[BROKER_REASON_MAX]; /* of the last failure */
	void (*on_ack)(int mid, void *userdata);
	void *userdata;
};

void broker_init(struct broker *broker, void (*on_ack)(int mid, void *userdata), void *userdata);
/* Starts a connection with this will. Failure is not returned: the state tells, reason says why. */
void broker_connect(struct broker *broker, const struct publish_conf *conf, const struct url *url,
		    const char *will_topic, const char *will);
/* Ends it without farewell, so that the broker publishes the will; no back-off. */
void broker_drop(struct broker *broker);
struct message {
	const char *topic, *payload; /* not owned */
	size_t size;
	bool retain;
};

/* QoS 1. -ENOTCONN: the connection has just failed. */
int broker_publish(struct broker *broker, const struct message *message, int *ret_mid);
/* The connection's fd, -1 when down, and the poll events it waits for. */
int broker_fd(const struct broker *broker);
short broker_events(const struct broker *broker);
/* After poll; also once in a while without events. */
void broker_work(struct broker *broker, short revents, uint64_t now_ns);
/* When broker_work() or the next broker_connect() is due. */
uint64_t broker_deadline(const struct broker *broker);
