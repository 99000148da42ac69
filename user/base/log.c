// SPDX-License-Identifier: Apache-2.0
/*
 * Messages go to stderr and nowhere else: under systemd that is the journal, which takes the
 * priority from a "<N>" prefix; on a terminal the program's name stands there instead. A message
 * is one line and one write(2), so that lines of two programs never mix. Whatever a message quotes
 * is escaped for terminals, since names and paths in it may come from outside. There is no state:
 * the environment is asked each time, which is cheap beside the write.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/file.h"

enum {
	MESSAGE_MAX = 2048,
	LINE_MAX_BYTES = 4096 /* a message is mostly text that needs no escape */
};

static const char *const level_words[] = {
	[LOG_ERROR] = "",	[LOG_WARNING] = "warning: ", [LOG_NOTICE] = "",
	[LOG_INFORMATION] = "", [LOG_DETAIL] = "debug: ",
};

/* systemd names the socket behind stderr; a redirected stderr is another file. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(own, stream);
}

static bool detail_wanted(void)
{
	const char *debug = getenv("EVMON_DEBUG");

	return debug && !strcmp(debug, "1");
}

static void put_line(enum log_level level, const char *message, const char *reason)
{
	char line[LINE_MAX_BYTES];
	size_t n;
	int head;

	if (stderr_is_journal())
		head = snprintf(line, sizeof(line), "<%d>", level);
	else
		head = snprintf(line, sizeof(line), "%.64s: %s", program_invocation_short_name,
				level_words[level]);
	n = (size_t)head;
	n += escape_text(line + n, sizeof(line) - n - 1, message, ESCAPE_TERMINAL, NULL);
	if (reason)
		n += (size_t)MIN(snprintf(line + n, sizeof(line) - n - 1, ": %s", reason),
				 (int)(sizeof(line) - n - 2));
	line[n++] = '\n';
	(void)write_all(STDERR_FILENO, line, n);
}

static void _printf_(3, 0)
	log_message(enum log_level level, const char *reason, const char *format, va_list args)
{
	char message[MESSAGE_MAX];
	int saved = errno;

	if (level != LOG_DETAIL || detail_wanted()) {
		if (vsnprintf(message, sizeof(message), format, args) < 0)
			message[0] = '\0';
		put_line(level, message, reason);
	}
	errno = saved;
}

void log_at(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message(level, NULL, format, args);
	va_end(args);
}

int log_err_errno(int err, const char *format, ...)
{
	char buffer[128];
	va_list args;

	err = abs(err);
	va_start(args, format);
	log_message(LOG_ERROR, strerror_r(err, buffer, sizeof(buffer)), format, args);
	va_end(args);
	return -err;
}
