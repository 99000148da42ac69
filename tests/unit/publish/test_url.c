// SPDX-License-Identifier: Apache-2.0
/* Where the broker is, and what is not an answer to that. */
#include "publish/url.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"

static void good_urls_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		struct url url;
	} cases[] = {
		{ "unix:/run/mosquitto/mosquitto.sock",
		  { URL_UNIX, "/run/mosquitto/mosquitto.sock", 0 } },
		{ "unix:/tmp/with space:and@colon", { URL_UNIX, "/tmp/with space:and@colon", 0 } },
		{ "mqtt://broker", { URL_TCP, "broker", 1883 } },
		{ "mqtt://10.0.0.1:18830", { URL_TCP, "10.0.0.1", 18830 } },
		{ "mqtts://broker.example", { URL_TLS, "broker.example", 8883 } },
		{ "mqtts://[2001:db8::1]", { URL_TLS, "2001:db8::1", 8883 } },
		{ "mqtts://[fe80::1%eth0]:65535", { URL_TLS, "fe80::1%eth0", 65535 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct url url = { 0 };

		assert_int_equal(url_parse(cases[i].text, &url), 0);
		assert_int_equal(url.kind, cases[i].url.kind);
		assert_string_equal(url.host, cases[i].url.host);
		assert_int_equal(url.port, cases[i].url.port);
	}
}

static void bad_urls_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"broker",
		"tcp://broker",
		"MQTT://broker",
		"unix:",
		"unix:relative",
		"mqtt://",
		"mqtt://:1883",
		"mqtt://broker:",
		"mqtt://broker:0",
		"mqtt://broker:65536",
		"mqtt://broker:18a",
		"mqtt://broker:+1",
		"mqtt://user:secret@broker",
		"mqtt://broker/path",
		"mqtt://broker?x",
		"mqtt://[::1",
		"mqtt://[]",
		"mqtt://[::1]x",
		"mqtt://::1",
		"mqtts://bro ker",
	};
	char text[600];
	struct url url = { .port = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(url_parse(cases[i], &url), -EINVAL);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "unix:/", 6);
	assert_int_equal(url_parse(text, &url), -EINVAL);
	memcpy(text, "mqtt://", 7);
	assert_int_equal(url_parse(text, &url), -EINVAL);
	assert_int_equal(url.port, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_are_taken_apart),
		cmocka_unit_test(bad_urls_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
