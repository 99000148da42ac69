// SPDX-License-Identifier: Apache-2.0
/* Numbers of other formats: what is proposed is what the parser takes, and never a wild guess. */
#include "policy/corpus.h"

#include "policy/meant.h"
#include "policy/scalars.h"

struct guess {
	const char *text, *meant; /* NULL: nothing */
};

/* `, did you mean "80"?` without its frame, for what is proposed to be parsed. */
static void guess_is(const struct guess *guess, struct phrase phrase)
{
	char expected[128] = "";

	if (guess->meant)
		snprintf(expected, sizeof(expected), ", did you mean \"%s\"?", guess->meant);
	if (strcmp(phrase.text, expected) != 0)
		fail_msg("'%s': '%s', not '%s'", guess->text, phrase.text, expected);
}

static void ports_are_guessed(void **state)
{
	static const struct guess guesses[] = {
		{ "0x50", "80" },     { "0120", "120" },      { "1_883", "1883" },
		{ "+80", "80" },      { "8 849", "8849" },    { "90-80", "80-90" },
		{ "80:90", "80-90" }, { "80 - 90", "80-90" }, { "80..90", "80-90" },
		{ "http", NULL },     { "", NULL },	      { "0", NULL },
		{ "0x0", NULL },      { "70000", NULL },      { "80-", NULL },
		{ "-1", NULL },	      { "80", NULL },	      { "1e3", NULL },
		{ "0-80", NULL },     { "1-2-3", NULL },      { "99999999999999999999", NULL },
	};
	struct port_range range;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		guess_is(&guesses[i], meant_port(guesses[i].text));
		if (guesses[i].meant)
			assert_int_equal(port_range_parse(guesses[i].meant, &range), 0);
	}
}

static void durations_are_guessed(void **state)
{
	static const struct guess guesses[] = {
		{ "30", "30s" },       { "30sec", "30s" },    { "5min", "5m" },
		{ "5 minutes", "5m" }, { "1_000s", "1000s" }, { "030s", "30s" },
		{ "0x10s", "16s" },    { "2 Days", "2d" },    { "1hr", "1h" },
		{ "1.5h", NULL },      { "1:30", NULL },      { "-5s", NULL },
		{ "30s", NULL },       { "soon", NULL },      { "1w", NULL },
		{ "1h30m", NULL },
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		guess_is(&guesses[i], meant_duration(guesses[i].text));
		if (guesses[i].meant)
			assert_int_equal(duration_parse(guesses[i].meant, &ns), 0);
	}
}

static void sizes_are_guessed(void **state)
{
	static const struct guess guesses[] = {
		{ "16MB", "16MiB" },   { "16M", "16MiB" }, { "16 mib", "16MiB" },
		{ "64k", "64KiB" },    { "1G", "1GiB" },   { "16777216", "16MiB" },
		{ "65536B", "64KiB" }, { "1000", NULL },   { "0", NULL },
		{ "1T", NULL },	       { "16MiB", NULL },  { "much", NULL },
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		guess_is(&guesses[i], meant_size(guesses[i].text));
		if (guesses[i].meant)
			assert_int_equal(size_parse(guesses[i].meant, &bytes), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_guessed),
		cmocka_unit_test(durations_are_guessed),
		cmocka_unit_test(sizes_are_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
