// SPDX-License-Identifier: Apache-2.0
/* Standard output and error are exchanged for memory files, since verbs write to both. */
#include "capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	WORDS = 16
};

void capture_begin(struct capture *capture)
{
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		capture->saved[i] = dup(STDOUT_FILENO + i);
		capture->made[i] = memfd_create("capture", MFD_CLOEXEC);
		assert_true(capture->saved[i] >= 0 && capture->made[i] >= 0);
		assert_true(dup2(capture->made[i], STDOUT_FILENO + i) >= 0);
	}
}

static char *take(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

void capture_end(struct capture *capture, char **ret_out, char **ret_err)
{
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(capture->saved[i], STDOUT_FILENO + i);
		close(capture->saved[i]);
	}
	*ret_out = take(capture->made[0]);
	*ret_err = take(capture->made[1]);
}

struct output output_of(int (*verb)(int argc, char **argv), const char *words)
{
	char *copy = strdup(words), *rest = copy, *argv[WORDS] = { NULL };
	struct capture capture;
	struct output output;
	int argc = 0;

	assert_non_null(copy);
	for (char *word; (word = strsep(&rest, " "));) {
		assert_true(argc < WORDS - 1);
		argv[argc++] = word;
	}
	capture_begin(&capture);
	output.status = verb(argc, argv);
	capture_end(&capture, &output.out, &output.err);
	free(copy);
	return output;
}

void output_free(struct output *output)
{
	free(output->out);
	free(output->err);
}

void output_is(struct output output, int status, const char *out, const char *err)
{
	assert_int_equal(output.status, status);
	if (!strstr(output.out, out))
		fail_msg("'%s' is not in '%s'", out, output.out);
	if (!strstr(output.err, err))
		fail_msg("'%s' is not in '%s'", err, output.err);
	assert_true(*out || !*output.out);
	assert_true(*err || !*output.err);
	output_free(&output);
}
