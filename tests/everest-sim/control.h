/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* What travels between `misdeed` and a module: the deed's words, each closed by a NUL, in one
 * packet one way; a line of text in one packet the other way. */
enum {
	CONTROL_WORDS_MAX = 64,
	CONTROL_BYTES_MAX = 65536
};

struct control;

/* The socket DIR/ID.sock of a module; with dir NULL there is none, and control_run() waits for
 * ever. 0 or -errno. */
int control_open(const char *dir, const char *id, struct control **ret);

/* Does what it is told, one deed after another, until a deed says that the module is to leave: then
 * frees control and returns the exit status. */
int control_run(struct control *control);

/* The client's side: connects to DIR/ID.sock, sends the words, waits for the answer:
 * 0 or -errno. */
int control_ask(const char *dir, const char *id, int argc, char *const argv[], size_t size,
		char *ret_answer);
