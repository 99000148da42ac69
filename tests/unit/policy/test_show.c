// SPDX-License-Identifier: Apache-2.0
/* What is shown of a policy reads back as that policy, and says where each value comes from. */
#include "policy/corpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "policy/everest_config.h"
#include "policy/origins.h"
#include "policy/show.h"
#include "scratch.h"

#define GOOD "tests/policies/good"

static char *shown(const struct policy *policy, const struct origins *origins,
		   const struct everest_config *everest)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(policy_show(out, policy, origins, everest), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void reads_back(const struct policy *policy)
{
	_cleanup_(freep) char *text = shown(policy, NULL, NULL);
	_cleanup_(policy_freep) struct policy *again = policy_of(text);

	assert_string_equal(again->hash, policy->hash);
}

static void the_whole_corpus_reads_back(void **state)
{
	_cleanup_(closedirp) DIR *dir = opendir(GOOD);
	const struct dirent *entry;
	size_t seen = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		_cleanup_(policy_freep) struct policy *policy = NULL;
		_cleanup_(freep) char *data = NULL;
		struct policy_errors errors;
		char path[512];
		size_t size = 0;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), GOOD "/%s", entry->d_name);
		assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &data, &size), 0);
		assert_int_equal(policy_load_bytes(path, data, size, &policy, &errors), 0);
		reads_back(policy);
		seen++;
	}
	assert_true(seen >= 15);
}

static void texts_that_pass_for_something_else_read_back(void **state)
{
	static const char *const stations[] = {
		"no",
		"null",
		"~",
		"0x16",
		"010",
		"1_000",
		"1.5",
		"12:30",
		"a: b",
		"a #b",
		"- a",
		"{a}",
		"[a]",
		"&a",
		"*a",
		"!a",
		"%a",
		"@a",
		"`a",
		"|",
		">",
		"a\"b",
		"a'b",
		"a\\b",
		"?",
		":",
		"a:",
		"-",
		"--",
		"---",
		"a,b",
		" lead",
		"trail ",
		"caf\xc3\xa9",
		"\xe2\x80\xa8",
		"\xe2\x80\xaezzz",
		"\xef\xbb\xbf",
		"\xf0\x9f\x9a\x97",
		"\xef\xbf\xbe",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stations); i++) {
		_cleanup_(policy_freep) struct policy *policy = policy_default();

		snprintf(policy->station, sizeof(policy->station), "%s", stations[i]);
		snprintf(policy->unit, sizeof(policy->unit), "a\\x2db@1:2.service");
		snprintf(policy->manager, sizeof(policy->manager), "/%s", stations[i]);
		assert_int_equal(policy_hash_update(policy), 0);
		reads_back(policy);
	}
}

static void numbers_are_shown_in_the_unit_that_fits(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(
		"version: 1\neverest: {settle: 0s}\naggregate: {window: 90s, window_max: 48h}\n"
		"journal: {size: 1536KiB, max_age: 3653d}\n");
	_cleanup_(freep) char *text = shown(policy, NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "  settle: 0s "));
	assert_non_null(strstr(text, "  window: 90s "));
	assert_non_null(strstr(text, "  window_max: 2d "));
	assert_non_null(strstr(text, "  size: 1536KiB "));
	assert_non_null(strstr(text, "  max_age: 3653d "));
}

/* The line with the words ends in that comment. */
static void line_ends(const char *text, const char *words, const char *comment)
{
	const char *line = strstr(text, words);
	size_t n, nc = strlen(comment);

	if (!line)
		fail_msg("no line '%s' in\n%s", words, text);
	n = strcspn(line, "\n");
	if (n < nc || strncmp(line + n - nc, comment, nc) != 0)
		fail_msg("'%.*s' does not end in '%s'", (int)n, line, comment);
}

static void each_value_has_its_origin(void **state)
{
	const struct scratch *scratch = *state;
	_cleanup_(origins_freep) struct origins *origins = NULL;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(freep) char *text = NULL;
	char a[128], b[128], comment[256];
	const char *const paths[] = { a, b, NULL };
	struct policy_errors errors;

	snprintf(a, sizeof(a), "%s/a.yaml", scratch->path);
	snprintf(b, sizeof(b), "%s/b\x1b.yaml", scratch->path);
	scratch_text(scratch, "a.yaml",
		     "version: 1\neverest:\n  unit: a.service\n  settle: 1s\nbind:\n"
		     "  - {rule: bind.web, port: 80}\n  - {rule: bind.mqtt-tls, action: off}\n"
		     "  - {rule: bind.mqtt-tcp, port: 1883, proto: udp}\n");
	scratch_text(scratch, "b\x1b.yaml",
		     "version: 1\neverest:\n  unit: b.service\ncapabilities:\n  modules:\n"
		     "    Setup: []\n    one:Own: [CAP_KILL]\n"
		     "usb:\n  allow:\n    - {class: \"09\"}\n  action: deny\n");
	assert_int_equal(policy_load_origins(paths, &policy, &origins, &errors), 0);
	text = shown(policy, origins, NULL);
	line_ends(text, "  manager: ", "# built-in");
	snprintf(comment, sizeof(comment), "# %s:4", a);
	line_ends(text, "  settle: 1s", comment);
	snprintf(comment, sizeof(comment), "# %s:6", a);
	line_ends(text, "{rule: bind.web", comment);
	snprintf(comment, sizeof(comment), "# %s:7", a);
	line_ends(text, "{rule: bind.mqtt-tls, action: off}", comment);
	snprintf(comment, sizeof(comment), "# %s:8", a);
	line_ends(text, "{rule: bind.mqtt-tcp", comment);
	line_ends(text, "{rule: bind.admin-panel", "# built-in");
	snprintf(comment, sizeof(comment), "# %s/b\\x1b.yaml:3", scratch->path);
	line_ends(text, "  unit: b.service", comment);
	line_ends(text, "Setup: []", "yaml:6");
	line_ends(text, "\"one:Own\": [CAP_KILL]", "yaml:7");
	line_ends(text, "EvseSlac: ", "# built-in");
	line_ends(text, "- {class: \"09\"}", "yaml:10");
	line_ends(text, "  action: deny", "yaml:11");
}

static void everests_config_adds_names_and_the_socket(void **state)
{
	static const char config[] =
		"settings: {mqtt_broker_socket_path: /run/m.sock}\n"
		"active_modules: {b: {module: EvseSlac}, a: {module: EvseSlac}, x: {module: Auth}}\n";
	_cleanup_(everest_config_freep) struct everest_config *everest = NULL;
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	_cleanup_(freep) char *text = NULL;
	struct policy_error error;

	(void)state;
	assert_int_equal(everest_config_parse("c.yaml", config, strlen(config), &everest, &error),
			 0);
	text = shown(policy, NULL, everest);
	line_ends(text, "  EvseSlac: ", "# built-in; EVerest config: b, a");
	line_ends(text, "  EvSlac: ", "# built-in");
	line_ends(text, "  broker: auto", "# built-in; EVerest config: unix:/run/m.sock");
	free(text);
	snprintf(policy->mqtt_broker, sizeof(policy->mqtt_broker), "unix:/other");
	text = shown(policy, NULL, everest);
	line_ends(text, "  broker: \"unix:/other\"", "# built-in");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_corpus_reads_back),
		cmocka_unit_test(texts_that_pass_for_something_else_read_back),
		cmocka_unit_test(numbers_are_shown_in_the_unit_that_fits),
		cmocka_unit_test_setup_teardown(each_value_has_its_origin, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test(everests_config_adds_names_and_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
