/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	DEEDS_SOCKETS_MAX = 256,
	ANSWER_NOTE_MAX = 192,
	ANSWER_LINE_MAX = 512
};

/* What a deed came to. It has no pointer in it, since children send it through a pipe. */
struct answer {
	pid_t pid; /* who did it */
	uid_t uid;
	int err;	   /* errno of the first try that was refused, 0: none */
	unsigned int done; /* tries that went through */
	unsigned int failed;
	char note[ANSWER_NOTE_MAX];
};

/* Who does deeds: the sockets it keeps, and whether it is to leave. */
struct deeds {
	int sockets[DEEDS_SOCKETS_MAX];
	size_t n_sockets;
	bool leaving;
	int exit_status;
};

void deeds_init(struct deeds *deeds);
void deeds_fini(struct deeds *deeds);

/* Does the deed that words[0] names, in this process, and says what it came to. */
void deeds_do(struct deeds *deeds, int n_words, char *const words[], struct answer *ret);

/* One line for each deed, for a usage text. */
const char *deeds_usage(size_t i);

/* "ok pid=P uid=U done=N failed=0 NOTE" or "error EPERM pid=P ...". */
void answer_print(const struct answer *answer, size_t size, char *ret_line);

/* Counts one try: err 0 or -errno. */
void answer_count(struct answer *answer, int err);

/* A deed: words[0] is its own name; ret is filled in with who acts already. */
typedef void deed_fn(struct deeds *deeds, int n_words, char *const words[], struct answer *ret);

deed_fn deed_bind, deed_bind_close, deed_listen, deed_listen_unbound, deed_connect, deed_release;
deed_fn deed_activate, deed_hand, deed_take, deed_getfd;
deed_fn deed_cap;
deed_fn deed_exec, deed_exec_as, deed_exec_root, deed_exec_thread, deed_exec_vfork, deed_exec_nasty;
deed_fn deed_fork_deep, deed_thread, deed_leaderless, deed_userns;
