/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a verb writes to standard output and standard error. Fails the test if it can't. */
#include <stddef.h>

struct capture {
	int saved[2], made[2];
};

void capture_begin(struct capture *capture);
/* Both as strings; the caller frees. */
void capture_end(struct capture *capture, char **ret_out, char **ret_err);

struct output {
	int status;
	char *out, *err;
};

/* Runs a verb with the words of a command line, its own name first, split at spaces. */
struct output output_of(int (*verb)(int argc, char **argv), const char *words);
void output_free(struct output *output);
/* Ends the verb's story: its status, and a part of each of its outputs; "": it said nothing there. */
void output_is(struct output output, int status, const char *out, const char *err);
