// SPDX-License-Identifier: Apache-2.0
/*
 * The stand-in for every C++ module of EVerest: one program, copied under each module's name into
 * a file of its own, because a monitor tells modules by the inode of their executable. It acts by
 * that name (habits.c) and does, on command, what a module must not do (control.c, deeds.c).
 *
 * As a real one, it starts its threads first and renames its main thread afterwards, so the
 * threads keep the executable's name; it keeps SIGINT blocked and dies of SIGTERM; and it holds a
 * connection to the broker of its own beside the manager's, which it inherited. Under the name of
 * an interpreter it is the module whose script it was given; Python's does not rename itself.
 */

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "broker.h"
#include "cleanup.h"
#include "control.h"
#include "habits.h"
#include "script.h"
#include "text.h"
#include "threads.h"

enum {
	WORKERS = 5
};

struct module {
	const char *id;
	char exe[PATH_MAX];
	const char *name;
	struct broker broker;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: <id>:<Module> --prefix DIR --module ID [--log_config FILE]\n"
		"  [--mqtt_everest_prefix P] [--mqtt_external_prefix P]\n"
		"  [--mqtt_broker_socket_path PATH | --mqtt_broker_host H --mqtt_broker_port N]\n");
	return -EINVAL;
}

static int arguments_parse(int argc, char **argv, struct module *m)
{
	static const struct option options[] = {
		{ "prefix", required_argument, NULL, 'p' },
		{ "module", required_argument, NULL, 'm' },
		{ "log_config", required_argument, NULL, 'l' },
		{ "mqtt_everest_prefix", required_argument, NULL, 'e' },
		{ "mqtt_external_prefix", required_argument, NULL, 'x' },
		{ "mqtt_broker_socket_path", required_argument, NULL, 's' },
		{ "mqtt_broker_host", required_argument, NULL, 'h' },
		{ "mqtt_broker_port", required_argument, NULL, 'n' },
		{ 0 },
	};
	int option;

	m->broker.port = 1883;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return usage();
		if (option == 'm')
			m->id = optarg;
		if (option == 's')
			m->broker.socket_path = optarg;
		if (option == 'h')
			m->broker.host = optarg;
		if (option == 'n' && text_uint(optarg, 65535, &m->broker.port) < 0)
			return usage();
	}
	return m->id && optind == argc ? 0 : usage();
}

static int module_find_name(struct module *m)
{
	ssize_t n = readlink("/proc/self/exe", m->exe, sizeof(m->exe) - 1);

	if (n < 0)
		return -errno;
	m->exe[n] = '\0';
	m->name = strrchr(m->exe, '/') + 1;
	return 0;
}

/* True: it is node or python3, and has learnt from its script and environment who it is. */
static bool module_is_script(char **argv, struct module *m)
{
	const char *port = getenv("EV_MQTT_BROKER_PORT");

	if (strcmp(m->name, "node") != 0 && strncmp(m->name, "python3", strlen("python3")) != 0)
		return false;
	m->name = script_module(argv);
	m->id = getenv("EV_MODULE");
	m->broker.socket_path = getenv("EV_MQTT_BROKER_SOCKET_PATH");
	m->broker.host = getenv("EV_MQTT_BROKER_HOST");
	if (port && text_uint(port, 65535, &m->broker.port) < 0)
		m->name = NULL;
	return true;
}

static void module_connect(const struct module *m)
{
	int fd;
	int err;

	if (!m->broker.socket_path && !m->broker.host)
		return;
	err = broker_connect(&m->broker, &fd);
	if (err < 0)
		fprintf(stderr, "%s: no broker: %s; going on without\n", m->id, strerror(-err));
}

static void module_rename(const struct module *m)
{
	char comm[64];

	snprintf(comm, sizeof(comm), "%s:%s", m->id, m->name);
	prctl(PR_SET_NAME, comm, 0, 0, 0);
}

/* The manager waits for this word from each module that it started. */
static void module_say_ready(const struct module *m)
{
	const char *text = getenv("EVEREST_SIM_READY_FD");
	unsigned int fd;

	if (!text || text_uint(text, INT_MAX, &fd) < 0)
		return;
	if (send((int)fd, m->id, strlen(m->id), MSG_NOSIGNAL) < 0)
		fprintf(stderr, "%s: cannot tell the manager: %m\n", m->id);
	unsetenv("EVEREST_SIM_READY_FD");
}

int main(int argc, char **argv)
{
	struct module m = { 0 };
	struct control *control = NULL;
	int err;

	err = module_find_name(&m);
	if (err == 0 && module_is_script(argv, &m))
		err = m.name && m.id ? 0 : usage();
	else if (err == 0)
		err = arguments_parse(argc, argv, &m);
	if (err < 0)
		return 2;
	err = threads_start_idle(WORKERS);
	if (err == 0) {
		module_connect(&m);
		if (strncmp(strrchr(m.exe, '/'), "/python3", strlen("/python3")) != 0)
			module_rename(&m);
		err = habits_start(m.id, m.name);
	}
	if (err == 0)
		err = control_open(getenv("EVEREST_SIM_DIR"), m.id, &control);
	if (err < 0) {
		fprintf(stderr, "%s: cannot start: %s\n", m.id, strerror(-err));
		return 1;
	}
	module_say_ready(&m);
	return control_run(control);
}
