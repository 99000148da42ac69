// SPDX-License-Identifier: Apache-2.0
/*
 * How a test tells a module what to do: a unix socket of packets in the folder EVEREST_SIM_DIR.
 * A packet holds the deed's words with a NUL behind each, so that any byte can stand in a word, and
 * the answer comes when the deed is done, so that a test never has to guess how long to wait.
 *
 * A module may be root, so it obeys only root and its own user. Deeds are done in the main thread,
 * the one that carries the module's name.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "control.h"
#include "deeds.h"

struct control {
	int listener;
	struct deeds deeds;
	char request[CONTROL_BYTES_MAX];
};

static int address_make(const char *dir, const char *id, struct sockaddr_un *ret)
{
	int n;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s.sock", dir, id);
	return n < 0 || (size_t)n >= sizeof(ret->sun_path) ? -ENAMETOOLONG : 0;
}

static int listener_open(const char *dir, const char *id, int *ret_fd)
{
	struct sockaddr_un address;
	_cleanup_(closep) int fd = -1;
	int err;

	err = address_make(dir, id, &address);
	if (err < 0)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(address.sun_path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (listen(fd, 8) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int control_open(const char *dir, const char *id, struct control **ret)
{
	_cleanup_(freep) struct control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return -ENOMEM;
	control->listener = -1;
	deeds_init(&control->deeds);
	if (dir) {
		err = listener_open(dir, id, &control->listener);
		if (err < 0)
			return err;
	}
	*ret = TAKE_PTR(control);
	return 0;
}

static bool peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

/* Splits what came into words: how many, or -EINVAL. */
static int words_split(char *bytes, size_t n, char **words)
{
	int count = 0;

	if (!n || bytes[n - 1] != '\0')
		return -EINVAL;
	for (size_t at = 0; at < n; at += strlen(bytes + at) + 1) {
		if (count == CONTROL_WORDS_MAX)
			return -EINVAL;
		words[count++] = bytes + at;
	}
	words[count] = NULL;
	return count;
}

static void client_serve(struct control *control, int fd)
{
	char *words[CONTROL_WORDS_MAX + 1];
	struct answer answer;
	char line[ANSWER_LINE_MAX];
	ssize_t n;
	int count;

	n = recv(fd, control->request, sizeof(control->request), 0);
	count = n > 0 ? words_split(control->request, (size_t)n, words) : -EINVAL;
	if (count < 0)
		return;
	deeds_do(&control->deeds, count, words, &answer);
	answer_print(&answer, sizeof(line), line);
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		fprintf(stderr, "control: nobody waits for the answer: %m\n");
}

int control_run(struct control *control)
{
	int status;

	while (!control->deeds.leaving) {
		_cleanup_(closep) int fd = -1;

		if (control->listener < 0) {
			pause();
			continue;
		}
		fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EINTR && errno != ECONNABORTED) {
			fprintf(stderr, "control: accept: %m\n");
			control->deeds.exit_status = 1;
			break;
		}
		if (fd >= 0 && peer_is_trusted(fd))
			client_serve(control, fd);
	}
	status = control->deeds.exit_status;
	deeds_fini(&control->deeds);
	closep(&control->listener);
	free(control);
	return status;
}

int control_ask(const char *dir, const char *id, int argc, char *const argv[], size_t size,
		char *ret_answer)
{
	_cleanup_(freep) char *request = malloc(CONTROL_BYTES_MAX);
	struct sockaddr_un address;
	_cleanup_(closep) int fd = -1;
	size_t length = 0;
	ssize_t n;
	int err;

	err = address_make(dir, id, &address);
	if (err < 0)
		return err;
	if (!request)
		return -ENOMEM;
	for (int i = 0; i < argc; i++) {
		n = (ssize_t)strlen(argv[i]) + 1;
		if (length + (size_t)n > CONTROL_BYTES_MAX)
			return -E2BIG;
		memcpy(request + length, argv[i], (size_t)n);
		length += (size_t)n;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (send(fd, request, length, MSG_NOSIGNAL) < 0)
		return -errno;
	n = recv(fd, ret_answer, size - 1, 0);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	ret_answer[n] = '\0';
	return 0;
}
