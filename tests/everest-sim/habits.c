// SPDX-License-Identifier: Apache-2.0
/*
 * The benign habits of EVerest's modules: what a monitor sees on every charger and must not
 * report. One table, a row for each module that has any. Sockets are opened once and kept. What
 * repeats runs in a worker thread on a timerfd, because Setup forks its children from such a
 * thread, and their comm before the exec is the thread's.
 *
 * Keys of config_module: habit_ms (the tick, 1000), sdp_port, tcp_port, websocket_port, csms_port,
 * device. Ports may be taken and protocols missing on the machine that runs this: told, not fatal.
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/can.h>
#include <linux/can/raw.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "habits.h"
#include "keys.h"
#include "net.h"
#include "text.h"

enum {
	ETHERTYPE_HOMEPLUG = 0x88e1
};

struct habit {
	const char *module;
	void (*start)(const char *id);
	void (*tick)(const char *id, uint64_t n);
};

static void complain(const char *id, const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s; going on without\n", id, what, strerror(-err));
}

static void netlink_open(const char *id, int protocol)
{
	if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol) < 0)
		complain(id, "netlink socket", -errno);
}

/* protocol 0 opens it deaf, as libpcap does before it binds to one. */
static void packet_open(const char *id, int protocol, int bound_protocol)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons((uint16_t)bound_protocol) };
	char device[IF_NAMESIZE];
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons((uint16_t)protocol));
	if (fd < 0) {
		complain(id, "packet socket", -errno);
		return;
	}
	if (keys_string(id, "device", sizeof(device), device) == 0)
		address.sll_ifindex = (int)if_nametoindex(device);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		complain(id, "bind of the packet socket", -errno);
}

static void slac_start(const char *id)
{
	netlink_open(id, NETLINK_ROUTE);
	packet_open(id, ETHERTYPE_HOMEPLUG, ETHERTYPE_HOMEPLUG);
}

static void sniffer_start(const char *id)
{
	netlink_open(id, NETLINK_GENERIC);
	packet_open(id, 0, ETH_P_ALL);
}

/* Binds what endpoint says, listens if it is TCP, and keeps it for ever. */
static void server_open(const char *id, const struct net_endpoint *endpoint)
{
	char what[64];
	int fd;
	int err;

	err = net_bind(endpoint, &fd);
	if (err == 0 && endpoint->proto == NET_TCP && listen(fd, 8) < 0)
		err = -errno;
	snprintf(what, sizeof(what), "port %u", endpoint->port);
	if (err < 0)
		complain(id, what, err);
}

static void iso15118_start(const char *id, unsigned int tcp_port)
{
	char device[IF_NAMESIZE];
	bool has_device = keys_string(id, "device", sizeof(device), device) == 0;
	struct net_endpoint sdp = {
		.proto = NET_UDP,
		.family = AF_INET6,
		.port = keys_uint(id, "sdp_port", 65535, 15118),
		.device = has_device ? device : NULL,
	};
	struct net_endpoint v2g = {
		.proto = NET_TCP,
		.family = AF_INET6,
		.port = keys_uint(id, "tcp_port", 65535, tcp_port),
		.device = sdp.device,
	};

	server_open(id, &sdp);
	server_open(id, &v2g);
}

static void v2g_start(const char *id)
{
	iso15118_start(id, 61341);
}

static void d20_start(const char *id)
{
	iso15118_start(id, 50000);
}

static void rpc_start(const char *id)
{
	const struct net_endpoint endpoint = {
		.proto = NET_TCP,
		.family = AF_INET,
		.address = "127.0.0.1",
		.port = keys_uint(id, "websocket_port", 65535, 8080),
	};

	server_open(id, &endpoint);
}

static void can_start(const char *id)
{
	struct sockaddr_can address = { .can_family = AF_CAN };
	char device[IF_NAMESIZE];
	int fd;

	fd = socket(AF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);
	if (fd < 0) {
		complain(id, "CAN socket", -errno);
		return;
	}
	if (keys_string(id, "device", sizeof(device), device) == 0)
		address.can_ifindex = (int)if_nametoindex(device);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		complain(id, "bind of the CAN socket", -errno);
}

/* Nobody listens there: the charger's backend is out of reach, which is every day's work too. */
static void ocpp_tick(const char *id, uint64_t n)
{
	const struct net_endpoint csms = {
		.proto = NET_TCP,
		.family = AF_INET,
		.address = "127.0.0.1",
		.port = keys_uint(id, "csms_port", 65535, 9),
	};
	_cleanup_(closep) int fd = -1;
	int err;

	if (n % 5)
		return;
	err = net_socket(&csms, &fd);
	if (err == 0)
		err = net_connect(fd, &csms);
	if (err < 0 && err != -ECONNREFUSED)
		complain(id, "connect to the CSMS", err);
}

static void program_run(const char *id, char *const argv[])
{
	char path[PATH_MAX];
	pid_t pid;

	if (text_find_program(argv[0], sizeof(path), path) < 0)
		return;
	pid = fork();
	if (pid < 0) {
		complain(id, argv[0], -errno);
		return;
	}
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
		    dup2(null, STDERR_FILENO) >= 0)
			execv(path, argv);
		_exit(127);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void setup_tick(const char *id, uint64_t n)
{
	char systemctl[] = "systemctl", is_active[] = "is-active", quiet[] = "--quiet",
	     hostapd[] = "hostapd", hostname[] = "hostname";
	char *const ap_state[] = { systemctl, is_active, quiet, hostapd, NULL };
	char *const name[] = { hostname, NULL };

	program_run(id, ap_state);
	if (n % 5 == 0)
		program_run(id, name);
}

static const struct habit habits[] = {
	{ .module = "EvseSlac", .start = slac_start },
	{ .module = "EvSlac", .start = slac_start },
	{ .module = "PacketSniffer", .start = sniffer_start },
	{ .module = "Setup", .tick = setup_tick },
	{ .module = "EvseV2G", .start = v2g_start },
	{ .module = "Evse15118D20", .start = d20_start },
	{ .module = "RpcApi", .start = rpc_start },
	{ .module = "InfyPower", .start = can_start },
	{ .module = "OCPP201", .tick = ocpp_tick },
};

/* Lives as long as the process: the thread that has it never ends. */
struct repetition {
	const struct habit *habit;
	const char *id;
	int timer_fd;
};

static void *repetition_run(void *arg)
{
	const struct repetition *r = arg;
	uint64_t expired;

	for (uint64_t n = 0; read(r->timer_fd, &expired, sizeof(expired)) > 0; n++)
		r->habit->tick(r->id, n);
	return NULL;
}

static int repetition_start(const struct habit *habit, const char *id)
{
	unsigned int ms = keys_uint(id, "habit_ms", 3600000, 1000);
	const struct timespec period = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L };
	const struct itimerspec timer = { .it_value = { .tv_nsec = 1 }, .it_interval = period };
	_cleanup_(freep) struct repetition *r = malloc(sizeof(*r));
	_cleanup_(closep) int fd = -1;
	pthread_t thread;
	int err;

	if (!r)
		return -ENOMEM;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (fd < 0 || timerfd_settime(fd, 0, &timer, NULL) < 0)
		return -errno;
	*r = (struct repetition){ .habit = habit, .id = id, .timer_fd = fd };
	err = pthread_create(&thread, NULL, repetition_run, r);
	if (err)
		return -err;
	pthread_detach(thread);
	TAKE_FD(fd);
	TAKE_PTR(r);
	return 0;
}

int habits_start(const char *id, const char *module)
{
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
		if (strcmp(habits[i].module, module) != 0)
			continue;
		if (habits[i].start)
			habits[i].start(id);
		if (habits[i].tick)
			return repetition_start(&habits[i], id);
	}
	return 0;
}
