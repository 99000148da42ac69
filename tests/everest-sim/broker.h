/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the MQTT broker listens: socket_path, or else host (a number or "localhost") and port. */
struct broker {
	const char *socket_path;
	const char *host;
	unsigned int port;
};

/* A connected descriptor, without CLOEXEC as libmosquitto's is, on which an anonymous MQTT session
 * was asked for: 0 or -errno. */
int broker_connect(const struct broker *broker, int *ret_fd);
