// SPDX-License-Identifier: Apache-2.0
/*
 * The table of misdeeds and what they have in common: tries are counted, the first refusal's
 * errno is kept, and the answer names the process that acted, so that a test can hold it against
 * the alert. Deeds that change how another deed is done (repeat, thread, fork-deep ...) take that
 * deed as their last words. All of it is harmless: what a granted deed changes, it puts back.
 */

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "deeds.h"
#include "text.h"

static deed_fn deed_repeat, deed_die, deed_whoami;

static const struct deed {
	const char *name;
	int min_words; /* behind the name */
	int max_words;
	deed_fn *act;
	const char *usage;
} table[] = {
	{ "bind", 4, 5, deed_bind, "bind PROTO FAMILY ADDR PORT [COUNT]" },
	{ "bind-close", 4, 5, deed_bind_close, "bind-close PROTO FAMILY ADDR PORT [COUNT]" },
	{ "listen", 4, 5, deed_listen, "listen PROTO FAMILY ADDR PORT [COUNT]" },
	{ "listen-unbound", 2, 2, deed_listen_unbound, "listen-unbound PROTO FAMILY" },
	{ "connect", 4, 5, deed_connect, "connect PROTO FAMILY ADDR PORT [COUNT]" },
	{ "activate", 2, 60, deed_activate, "activate PORT PATH [ARG...]" },
	{ "hand", 2, 2, deed_hand, "hand SOCKET PORT" },
	{ "take", 1, 1, deed_take, "take SOCKET" },
	{ "getfd", 2, 2, deed_getfd, "getfd PID FD" },
	{ "release", 0, 0, deed_release, "release" },
	{ "cap", 1, 2, deed_cap, "cap NAME [COUNT]" },
	{ "exec", 1, 60, deed_exec, "exec PATH [ARG...]" },
	{ "exec-as", 2, 60, deed_exec_as, "exec-as ARGV0 PATH [ARG...]" },
	{ "exec-root", 1, 60, deed_exec_root, "exec-root PATH [ARG...]" },
	{ "exec-thread", 1, 60, deed_exec_thread, "exec-thread PATH [ARG...]" },
	{ "vfork-exec", 1, 60, deed_exec_vfork, "vfork-exec PATH [ARG...]" },
	{ "exec-nasty", 1, 1, deed_exec_nasty, "exec-nasty PATH" },
	{ "fork-deep", 2, 60, deed_fork_deep, "fork-deep N DEED..." },
	{ "thread", 1, 60, deed_thread, "thread DEED..." },
	{ "leaderless", 1, 60, deed_leaderless, "leaderless DEED..." },
	{ "userns", 1, 60, deed_userns, "userns DEED..." },
	{ "repeat", 2, 60, deed_repeat, "repeat N DEED..." },
	{ "whoami", 0, 0, deed_whoami, "whoami" },
	{ "die", 1, 1, deed_die, "die CODE" },
};

enum {
	TABLE_SIZE = sizeof(table) / sizeof(table[0])
};

void deeds_init(struct deeds *deeds)
{
	*deeds = (struct deeds){ 0 };
}

void deeds_fini(struct deeds *deeds)
{
	while (deeds->n_sockets)
		close(deeds->sockets[--deeds->n_sockets]);
}

const char *deeds_usage(size_t i)
{
	return i < TABLE_SIZE ? table[i].usage : NULL;
}

void answer_count(struct answer *answer, int err)
{
	if (err == 0) {
		answer->done++;
		return;
	}
	answer->failed++;
	if (!answer->err)
		answer->err = -err;
}

void answer_print(const struct answer *answer, size_t size, char *ret_line)
{
	char verdict[32] = "ok";

	if (answer->err)
		snprintf(verdict, sizeof(verdict), "error %s", text_errno(answer->err));
	snprintf(ret_line, size, "%s pid=%d uid=%u done=%u failed=%u%s%s", verdict,
		 (int)answer->pid, answer->uid, answer->done, answer->failed,
		 answer->note[0] ? " " : "", answer->note);
}

void deeds_do(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	*ret = (struct answer){ .pid = getpid(), .uid = getuid() };
	for (int i = 0; i < TABLE_SIZE; i++) {
		const struct deed *deed = &table[i];

		if (n_words < 1 || strcmp(words[0], deed->name) != 0)
			continue;
		if (n_words - 1 >= deed->min_words && n_words - 1 <= deed->max_words) {
			deed->act(deeds, n_words, words, ret);
			return;
		}
		snprintf(ret->note, sizeof(ret->note), "usage: %s", deed->usage);
		answer_count(ret, -EINVAL);
		return;
	}
	snprintf(ret->note, sizeof(ret->note), "no such deed");
	answer_count(ret, -EINVAL);
}

static void deed_repeat(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	struct answer one;
	unsigned int n;

	if (text_uint(words[1], 1000000, &n) < 0) {
		answer_count(ret, -EINVAL);
		return;
	}
	while (n--) {
		deeds_do(deeds, n_words - 2, words + 2, &one);
		ret->done += one.done;
		ret->failed += one.failed;
		if (!ret->err)
			ret->err = one.err;
	}
	memcpy(ret->note, one.note, sizeof(ret->note));
}

static void deed_whoami(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)n_words;
	(void)words;
	snprintf(ret->note, sizeof(ret->note), "ppid=%d euid=%u sockets=%zu", (int)getppid(),
		 geteuid(), deeds->n_sockets);
	answer_count(ret, 0);
}

static void deed_die(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	unsigned int status;
	int err = text_uint(words[1], 255, &status);

	(void)n_words;
	if (err == 0) {
		deeds->leaving = true;
		deeds->exit_status = (int)status;
	}
	answer_count(ret, err);
}
