// SPDX-License-Identifier: Apache-2.0
/*
 * The stand-in for EVerest's manager: a root process that starts the modules and then drops root.
 * The order of its system calls is the traced one (signals blocked and a signalfd, configuration,
 * admin panel's backend, seven threads, broker, modules, own change of user), because a monitor's
 * tests are about what can be seen at each of these moments.
 *
 * Many descriptors here have no CLOEXEC on purpose: real modules inherit the manager's signalfd,
 * epoll, timers and broker connection. With an admin panel the manager never drops root; without
 * run_as_user nothing does. An unexpected end of a module ends the tree with exit status 1.
 */

#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "broker.h"
#include "threads.h"
#include "tree.h"
#include "user.h"

enum {
	WORKERS = 7,
	RESTARTS_MAX = 3,
	STOP_SECONDS = 5
};

struct manager {
	struct tree_options options;
	struct config *config;
	struct tree tree;
	int signal_fd;
	int timer_fd;
	int status_fd;
	int broker_fd;
	bool controller_ready;
	bool started; /* ALL_MODULES_STARTED was said */
	bool stopping;
	bool restart; /* when all have stopped */
	int exit_status;
};

static int signals_open(int *ret_fd)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, 0);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static void status_say(const struct manager *m, const char *line)
{
	if (m->status_fd >= 0 && write(m->status_fd, line, strlen(line)) < 0)
		fprintf(stderr, "manager: cannot write the status: %m\n");
}

/* Opened for reading too: a fifo then neither blocks without a reader nor loses a line. */
static int status_open(struct manager *m)
{
	if (!m->options.status_path)
		return 0;
	m->status_fd = open(m->options.status_path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	return m->status_fd < 0 ? -errno : 0;
}

/* What modules find in their environment, and a folder in which they may make their sockets. */
static int environment_set(struct manager *m)
{
	_cleanup_(freep) char *keys = config_environment(m->config);
	struct user user;
	char fd[16];

	if (!keys)
		return -ENOMEM;
	snprintf(fd, sizeof(fd), "%d", m->tree.ready_fds[1]);
	if (setenv("EVEREST_SIM_KEYS", keys, 1) < 0 || setenv("EVEREST_SIM_READY_FD", fd, 1) < 0)
		return -errno;
	if (!m->options.sim_dir)
		return 0;
	if (setenv("EVEREST_SIM_DIR", m->options.sim_dir, 1) < 0)
		return -errno;
	if (mkdir(m->options.sim_dir, 0755) < 0)
		return errno == EEXIST ? 0 : -errno; /* what was there keeps its owner */
	if (!m->config->run_as_user || user_resolve(m->config->run_as_user, &user) < 0)
		return 0;
	return chown(m->options.sim_dir, user.uid, user.gid) < 0 ? -errno : 0;
}

static int broker_open(struct manager *m)
{
	const struct broker broker = {
		.socket_path = m->config->broker_socket,
		.host = m->config->broker_host,
		.port = m->config->broker_port,
	};
	int err;

	if (m->options.no_broker)
		return 0;
	err = broker_connect(&broker, &m->broker_fd);
	if (err < 0)
		fprintf(stderr, "manager: no broker at %s: %s; going on without\n",
			broker.socket_path ? broker.socket_path : broker.host, strerror(-err));
	return 0;
}

/* Descriptors that a real module inherits: an event loop's, of no use here but to be inherited. */
static int loop_open(struct manager *m)
{
	if (epoll_create1(0) < 0 || eventfd(0, 0) < 0)
		return -errno;
	m->timer_fd = timerfd_create(CLOCK_MONOTONIC, 0);
	return m->timer_fd < 0 ? -errno : 0;
}

static int manager_drop_root(const struct manager *m)
{
	struct user user;
	int err;

	if (!m->config->run_as_user || m->options.admin_panel)
		return 0;
	err = user_resolve(m->config->run_as_user, &user);
	if (err == 0)
		err = user_become(&user);
	if (err < 0)
		fprintf(stderr, "manager: cannot become user '%s': %s\n", m->config->run_as_user,
			strerror(-err));
	return err;
}

static int manager_start(struct manager *m)
{
	int err;

	err = tree_init(&m->tree, &m->options, m->config);
	if (err == 0)
		err = status_open(m);
	if (err == 0 && m->options.admin_panel)
		err = tree_start_controller(&m->tree);
	if (err == 0)
		err = threads_start_idle(WORKERS);
	if (err == 0)
		err = loop_open(m);
	if (err == 0)
		err = tree_open_ready(&m->tree);
	if (err == 0)
		err = environment_set(m);
	if (err == 0)
		err = broker_open(m);
	if (err < 0) {
		fprintf(stderr, "manager: cannot start: %s\n", strerror(-err));
		return err;
	}
	status_say(m, "MANAGER_RUNNING\n");
	err = tree_start_modules(&m->tree);
	if (err == 0)
		err = manager_drop_root(m);
	return err;
}

static void manager_stop(struct manager *m, int exit_status)
{
	const struct itimerspec patience = { .it_value = { .tv_sec = STOP_SECONDS } };

	if (m->stopping)
		return;
	m->stopping = true;
	m->exit_status = exit_status;
	timerfd_settime(m->timer_fd, 0, &patience, NULL);
	tree_kill_modules(&m->tree, SIGTERM);
	if (!m->restart)
		tree_kill_controller(&m->tree, SIGTERM);
}

/* A child ended that nobody told to end. */
static void manager_lost_child(struct manager *m)
{
	m->restart = m->options.recover && m->tree.attempts < RESTARTS_MAX &&
		     (!m->options.admin_panel || m->tree.controller);
	manager_stop(m, 1);
}

static void manager_signalled(struct manager *m)
{
	struct signalfd_siginfo info;

	if (read(m->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		if (tree_reap(&m->tree) && !m->stopping)
			manager_lost_child(m);
		return;
	}
	/* asked to end, which also ends a restart that is under way */
	m->restart = false;
	manager_stop(m, 0);
	tree_kill_controller(&m->tree, SIGTERM);
	m->exit_status = 0;
}

static void manager_check_ready(struct manager *m)
{
	if (m->started || m->tree.n_ready < tree_wanted(&m->tree))
		return;
	if (m->options.admin_panel && !m->controller_ready)
		return;
	m->started = true;
	status_say(m, "ALL_MODULES_STARTED\n");
}

/* Drains a socket on which each datagram is somebody's word that its start is done. */
static size_t words_read(int fd)
{
	char word[64];
	size_t n = 0;

	while (recv(fd, word, sizeof(word), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void manager_lose_patience(struct manager *m)
{
	uint64_t ticks;

	if (read(m->timer_fd, &ticks, sizeof(ticks)) != (ssize_t)sizeof(ticks))
		return;
	tree_kill_modules(&m->tree, SIGKILL);
	if (!m->restart)
		tree_kill_controller(&m->tree, SIGKILL);
}

static int manager_restart(struct manager *m)
{
	const struct itimerspec never = { 0 };
	int err;

	m->restart = false;
	m->stopping = false;
	m->started = false;
	m->tree.attempts++;
	m->tree.n_ready = 0;
	timerfd_settime(m->timer_fd, 0, &never, NULL);
	err = tree_start_modules(&m->tree);
	if (err < 0)
		manager_stop(m, 1);
	return err;
}

static int manager_loop(struct manager *m)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = m->signal_fd, .events = POLLIN },
			{ .fd = m->tree.ready_fds[0], .events = POLLIN },
			{ .fd = m->tree.controller_fd, .events = POLLIN },
			{ .fd = m->timer_fd, .events = POLLIN },
		};

		manager_check_ready(m);
		if (m->stopping && !tree_running(&m->tree)) {
			if (m->restart && manager_restart(m) == 0)
				continue;
			if (!m->tree.controller)
				return m->exit_status;
		}
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
			if (errno == EINTR)
				continue;
			return 1;
		}
		if (fds[0].revents)
			manager_signalled(m);
		if (fds[1].revents)
			m->tree.n_ready += words_read(m->tree.ready_fds[0]);
		if (fds[2].revents && words_read(m->tree.controller_fd))
			m->controller_ready = true;
		if (fds[3].revents && m->stopping)
			manager_lose_patience(m);
	}
}

static int usage(void)
{
	fprintf(stderr,
		"usage: manager --config FILE [--prefix DIR] [--mqtt_everest_prefix P]\n"
		"  [--mqtt_external_prefix P] [--status-fifo PATH] [--sim-dir DIR]\n"
		"  [--admin-panel] [--no-chown-leak] [--no-broker] [--recover-module-crashes]\n");
	return -EINVAL;
}

static int options_parse(int argc, char **argv, struct tree_options *ret)
{
	enum {
		ADMIN_PANEL = 1,
		CHOWN,
		BROKER,
		RECOVER
	};
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "conf", required_argument, NULL, 'c' },
		{ "prefix", required_argument, NULL, 'p' },
		{ "mqtt_everest_prefix", required_argument, NULL, 'e' },
		{ "mqtt_external_prefix", required_argument, NULL, 'x' },
		{ "status-fifo", required_argument, NULL, 's' },
		{ "sim-dir", required_argument, NULL, 'd' },
		{ "admin-panel", no_argument, NULL, ADMIN_PANEL },
		{ "no-chown-leak", no_argument, NULL, CHOWN },
		{ "no-broker", no_argument, NULL, BROKER },
		{ "recover-module-crashes", no_argument, NULL, RECOVER },
		{ 0 },
	};
	int option;

	*ret = (struct tree_options){
		.everest_prefix = "everest/",
		.external_prefix = "",
		.sim_dir = getenv("EVEREST_SIM_DIR"),
	};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			ret->config_path = optarg;
		else if (option == 'p')
			ret->prefix = optarg;
		else if (option == 'e')
			ret->everest_prefix = optarg;
		else if (option == 'x')
			ret->external_prefix = optarg;
		else if (option == 's')
			ret->status_path = optarg;
		else if (option == 'd')
			ret->sim_dir = optarg;
		else if (option == ADMIN_PANEL)
			ret->admin_panel = true;
		else if (option == CHOWN)
			ret->no_chown_leak = true;
		else if (option == BROKER)
			ret->no_broker = true;
		else if (option == RECOVER)
			ret->recover = true;
		else
			return usage();
	}
	return ret->config_path && optind == argc ? 0 : usage();
}

int main(int argc, char **argv)
{
	struct manager m = { .signal_fd = -1, .timer_fd = -1, .status_fd = -1, .broker_fd = -1 };
	unsigned int line;
	int status = 1;
	int err;

	if (options_parse(argc, argv, &m.options) < 0)
		return 2;
	err = signals_open(&m.signal_fd);
	if (err == 0)
		err = config_load(m.options.config_path, &m.config, &line);
	if (err < 0) {
		fprintf(stderr, "manager: cannot load '%s' (line %u): %s\n", m.options.config_path,
			line, strerror(-err));
		return 1;
	}
	if (manager_start(&m) == 0) {
		status = manager_loop(&m);
	} else {
		tree_kill_modules(&m.tree, SIGTERM);
		tree_kill_controller(&m.tree, SIGTERM);
	}
	tree_fini(&m.tree);
	config_free(m.config);
	return status;
}
