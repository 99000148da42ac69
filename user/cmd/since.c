// SPDX-License-Identifier: Apache-2.0
/*
 * systemd.time(7)'s timestamps, without weekdays and named time zones. strptime() reads a form up
 * to where it ends; what may follow it (a fraction, a zone) is looked at here, and anything else
 * makes the text no time at all: a slip must not silently mean another hour.
 */
#include "cmd/since.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)

enum {
	TEXT_MAX = 64
};

/* One "1h" of a span like "1h 30min"; 0 for a unit that is not known. */
static int64_t unit_us(const char *unit, size_t n)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "us", 1 },
		{ "usec", 1 },
		{ "ms", 1000 },
		{ "msec", 1000 },
		{ "", SECOND },
		{ "s", SECOND },
		{ "sec", SECOND },
		{ "second", SECOND },
		{ "seconds", SECOND },
		{ "m", 60 * SECOND },
		{ "min", 60 * SECOND },
		{ "minute", 60 * SECOND },
		{ "minutes", 60 * SECOND },
		{ "h", 3600 * SECOND },
		{ "hr", 3600 * SECOND },
		{ "hour", 3600 * SECOND },
		{ "hours", 3600 * SECOND },
		{ "d", DAY },
		{ "day", DAY },
		{ "days", DAY },
		{ "w", 7 * DAY },
		{ "week", 7 * DAY },
		{ "weeks", 7 * DAY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == n && strncmp(units[i].name, unit, n) == 0)
			return units[i].us;
	return 0;
}

static int span_parse(const char *text, int64_t *ret_us)
{
	int64_t total = 0;

	do {
		int64_t number, us;
		size_t n;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		errno = 0;
		number = strtoll(text, &end, 10);
		if (errno)
			return -EINVAL;
		text = end + strspn(end, " ");
		for (n = 0; isalpha((unsigned char)text[n]);)
			n++;
		us = unit_us(text, n);
		if (!us || __builtin_mul_overflow(number, us, &number) ||
		    __builtin_add_overflow(total, number, &total))
			return -EINVAL;
		text += n;
		text += strspn(text, " ");
	} while (*text);
	*ret_us = total;
	return 0;
}

/* "-1h", "+1h", "1h ago". */
static int relative_parse(const char *text, int64_t now_us, int64_t *ret_us)
{
	char span[TEXT_MAX];
	size_t n = strlen(text);
	bool back = *text == '-';
	int64_t us;
	int err;

	if (*text == '-' || *text == '+') {
		text++;
	} else if (n > 4 && strcmp(text + n - 4, " ago") == 0) {
		back = true;
		n -= 4;
	} else {
		return -EINVAL;
	}
	snprintf(span, sizeof(span), "%.*s", (int)n, text);
	err = span_parse(span, &us);
	if (err < 0)
		return err;
	return __builtin_add_overflow(now_us, back ? -us : us, ret_us) ? -EINVAL : 0;
}

static bool word_parse(const char *text, int64_t now_us, int64_t *ret_us)
{
	static const struct {
		const char *name;
		int days;
	} words[] = { { "yesterday", -1 }, { "today", 0 }, { "tomorrow", 1 } };
	time_t now = (time_t)(now_us / SECOND);
	struct tm tm;

	if (strcmp(text, "now") == 0) {
		*ret_us = now_us;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i].name) != 0)
			continue;
		localtime_r(&now, &tm);
		tm.tm_mday += words[i].days;
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		tm.tm_isdst = -1;
		*ret_us = mktime(&tm) * SECOND;
		return true;
	}
	return false;
}

/* Cuts "Z" or "UTC" off the end; says whether it was there. */
static bool take_utc(char *text)
{
	static const char *const zones[] = { "Z", " UTC" };
	size_t n = strlen(text);

	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		size_t length = strlen(zones[i]);

		if (n > length && strcmp(text + n - length, zones[i]) == 0) {
			text[n - length] = '\0';
			return true;
		}
	}
	return false;
}

/* ".000123"; -EINVAL for anything else than that or nothing. */
static int fraction_parse(const char *text, int64_t *ret_us)
{
	int64_t us = 0, unit = SECOND / 10;

	*ret_us = 0;
	if (!*text)
		return 0;
	if (*text++ != '.' || !*text)
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++, unit /= 10)
		us += (*text - '0') * unit;
	*ret_us = us;
	return *text ? -EINVAL : 0;
}

/* What a form does not name is that of today, or 0 for the time of day. */
static const char *form_parse(const char *text, const struct tm *today, struct tm *ret_tm,
			      bool *ret_seconds)
{
	static const struct {
		const char *form;
		bool seconds;
	} forms[] = {
		{ "%Y-%m-%d %H:%M:%S", true },
		{ "%Y-%m-%dT%H:%M:%S", true },
		{ "%H:%M:%S", true },
		{ "%Y-%m-%d %H:%M", false },
		{ "%Y-%m-%dT%H:%M", false },
		{ "%Y-%m-%d", false },
		{ "%H:%M", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm = { .tm_year = today->tm_year,
				 .tm_mon = today->tm_mon,
				 .tm_mday = today->tm_mday,
				 .tm_isdst = -1 };
		const char *end = strptime(text, forms[i].form, &tm);

		if (!end)
			continue;
		*ret_tm = tm;
		*ret_seconds = forms[i].seconds;
		return end;
	}
	return NULL;
}

static int absolute_parse(const char *from, int64_t now_us, int64_t *ret_us)
{
	time_t now = (time_t)(now_us / SECOND), at;
	char text[TEXT_MAX];
	bool utc, seconds;
	const char *end;
	struct tm tm, today;
	int64_t us;
	int day;

	snprintf(text, sizeof(text), "%s", from);
	utc = take_utc(text);
	if (!(utc ? gmtime_r(&now, &today) : localtime_r(&now, &today)))
		return -EINVAL;
	end = form_parse(text, &today, &tm, &seconds);
	if (!end || (*end && !seconds) || fraction_parse(end, &us) < 0)
		return -EINVAL;
	day = tm.tm_mday;
	at = utc ? timegm(&tm) : mktime(&tm);
	/* 30 February is another day. */
	if (tm.tm_mday != day || __builtin_mul_overflow(at, SECOND, ret_us))
		return -EINVAL;
	*ret_us += us;
	return 0;
}

static int epoch_parse(const char *text, int64_t *ret_us)
{
	char *end;
	int64_t seconds;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	seconds = strtoll(text, &end, 10);
	return errno || *end || __builtin_mul_overflow(seconds, SECOND, ret_us) ? -EINVAL : 0;
}

int since_parse(const char *text, int64_t now_us, int64_t *ret_us)
{
	int64_t us = 0;
	int err;

	if (strlen(text) >= TEXT_MAX)
		return -EINVAL;
	if (word_parse(text, now_us, ret_us))
		return 0;
	if (*text == '@')
		err = epoch_parse(text + 1, &us);
	else if (relative_parse(text, now_us, &us) == 0)
		err = 0;
	else
		err = absolute_parse(text, now_us, &us);
	if (err == 0)
		*ret_us = us;
	return err;
}
