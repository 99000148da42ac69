// SPDX-License-Identifier: Apache-2.0
/* The daemon's command line, and how wrong options are told. */
#include "cmd/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "capture.h"

/* run_parse() as a verb of the tests' own; its options are looked at by the one that asks. */
static int parse(int argc, char **argv)
{
	struct run_options options;

	return run_parse(argc, argv, &options);
}

static void assert_refused(const char *words, const char *why)
{
	struct output output = output_of(parse, words);

	assert_int_equal(output.status, -EINVAL);
	assert_string_equal(output.out, "");
	if (!strstr(output.err, why))
		fail_msg("'%s' gives '%s', not '%s'", words, output.err, why);
	/* One line. */
	assert_ptr_equal(strchr(output.err, '\n'), output.err + strlen(output.err) - 1);
	output_free(&output);
}

static struct run_options parsed(int argc, char **argv)
{
	struct run_options options = { .policy = "untouched" };

	assert_int_equal(run_parse(argc, argv, &options), 0);
	return options;
}

#define PARSED(...)                                                        \
	({                                                                 \
		char *words_[] = { (char[]){ "run" }, __VA_ARGS__, NULL }; \
		parsed((int)ARRAY_SIZE(words_) - 1, words_);               \
	})
#define WORD(text) ((char[]){ text })

static void defaults_are_the_usual_places(void **state)
{
	char *words[] = { WORD("run"), NULL };
	struct run_options o;

	(void)state;
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
	o = parsed(1, words);
	assert_string_equal(o.state_dir, "/var/lib/evmon");
	assert_string_equal(o.run_dir, "/run/evmon");
	assert_null(o.policy);
	assert_null(o.mqtt);
	assert_false(o.no_mqtt);
	assert_false(o.no_publish);
}

static void directories_come_from_systemd(void **state)
{
	char *words[] = { WORD("run"), NULL };
	struct run_options o;

	(void)state;
	setenv("STATE_DIRECTORY", "/srv/state:/srv/other", 1);
	setenv("RUNTIME_DIRECTORY", "/run/elsewhere", 1);
	o = parsed(1, words);
	assert_string_equal(o.state_dir, "/srv/state");
	assert_string_equal(o.run_dir, "/run/elsewhere");
	o = PARSED(WORD("--state-dir"), WORD("/tmp/x"));
	assert_string_equal(o.state_dir, "/tmp/x");
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
}

static void last_of_mqtt_and_no_mqtt_holds(void **state)
{
	struct run_options o = PARSED(WORD("--no-mqtt"), WORD("--mqtt=unix:/run/b.sock"));

	(void)state;
	assert_string_equal(o.mqtt, "unix:/run/b.sock");
	assert_false(o.no_mqtt);
	o = PARSED(WORD("--mqtt"), WORD("mqtts://csms.example:8884"), WORD("--no-mqtt"));
	assert_null(o.mqtt);
	assert_true(o.no_mqtt);
	assert_false(o.no_publish);
	o = PARSED(WORD("--no-publish"));
	assert_true(o.no_publish);
	assert_false(o.no_mqtt);
}

static void urls_are_checked_at_once(void **state)
{
	static const char *const bad[] = {
		"",	    "auto",	    "tcp://h",	      "unix:relative",
		"mqtt://",  "mqtt://h:0x1", "mqtt://h:99999", "mqtt://u@h",
		"MQTT://h", "h:1883"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char words[64];

		snprintf(words, sizeof(words), "run --mqtt=%s", bad[i]);
		assert_refused(words,
			       "is not unix:/PATH, mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
	}
	assert_string_equal(PARSED(WORD("--mqtt=mqtt://[::1]:1884")).mqtt, "mqtt://[::1]:1884");
}

static void wrong_options_are_named_with_what_was_meant(void **state)
{
	(void)state;
	assert_refused("run --polcy x", "unknown option \"--polcy\", did you mean \"--policy\"?");
	assert_refused("run --polcy=x", "unknown option \"--polcy\", did you mean \"--policy\"?");
	assert_refused("run --policy", "run: --policy wants a value");
	assert_refused("run --no-mqtt=1", "run: --no-mqtt takes no value");
	assert_refused("run -z", "run: unknown option -z");
	assert_refused("run daemon", "run: takes no argument \"daemon\"");
	assert_refused("run --state-dir=", "--state-dir: \"\" is not a path");
	assert_refused("run --\033[2J", "unknown option \"--\\\\x1b[2J\"");
}

static void help_goes_to_standard_output(void **state)
{
	struct output output = output_of(parse, "run --state-dir /x --help");

	(void)state;
	assert_int_equal(output.status, 1);
	assert_non_null(strstr(output.out, "Usage: evmon run"));
	assert_string_equal(output.err, "");
	output_free(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_usual_places),
		cmocka_unit_test(directories_come_from_systemd),
		cmocka_unit_test(last_of_mqtt_and_no_mqtt_holds),
		cmocka_unit_test(urls_are_checked_at_once),
		cmocka_unit_test(wrong_options_are_named_with_what_was_meant),
		cmocka_unit_test(help_goes_to_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
