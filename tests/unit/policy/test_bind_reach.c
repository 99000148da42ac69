// SPDX-License-Identifier: Apache-2.0
/* Rules that never match are told, and only those: also of random policies, against every port. */
#include "policy/corpus.h"

#include <stdlib.h>

#include "policy/bind_cells.h"
#include "scratch.h"

static void errors_are(const char *items, const char *const *expected)
{
	char text[4096];
	struct policy_errors errors;
	struct policy *policy = NULL;
	size_t n = 0;
	int err;

	snprintf(text, sizeof(text), "version: 1\nbind:\n%s", items);
	err = policy_load_bytes("test.yaml", text, strlen(text), &policy, &errors);
	for (; expected[n]; n++) {
		char *at = NULL;

		assert_true(n < errors.n);
		assert_true(asprintf(&at, "%u:%u %s", errors.at[n].line, errors.at[n].column,
				     errors.at[n].text) > 0);
		assert_string_equal(at, expected[n]);
		free(at);
	}
	assert_int_equal(errors.n, n);
	assert_int_equal(err, n ? -EBADMSG : 0);
	policy_free(policy);
}

#define EXPECT(items, ...) errors_are(items, (const char *const[]){ __VA_ARGS__, NULL })

static void a_buried_rule_is_told_with_what_buries_it(void **state)
{
	(void)state;
	EXPECT("  - {rule: bind.wide, port: 1-99, action: allow}\n"
	       "  - {rule: bind.narrow, port: [5, 80-81], subject: host}\n",
	       "4:5 \"bind.narrow\" can never match: \"bind.wide\" (line 3) comes first and takes all "
	       "of it");
	EXPECT("  - {rule: bind.low, port: 1-50}\n  - {rule: bind.high, port: 51-99}\n"
	       "  - {rule: bind.both, port: 40-60}\n",
	       "5:5 \"bind.both\" can never match: \"bind.low\" (line 3) comes first and takes a "
	       "part, others the rest");
}

static void the_same_with_another_action_is_a_contradiction(void **state)
{
	(void)state;
	EXPECT("  - {rule: bind.one, port: [80, 443]}\n"
	       "  - {rule: bind.two, port: [443, 80], action: deny}\n",
	       "4:5 \"bind.two\" contradicts \"bind.one\" (line 3): the same binds, but deny, not "
	       "alert; the first decides");
}

static void what_buries_the_page_is_told_once(void **state)
{
	(void)state;
	EXPECT("  - {rule: bind.panel, port: 8849, action: allow}\n",
	       "3:5 \"bind.panel\" leaves nothing for the built-in \"bind.admin-panel\": narrow it, or "
	       "switch that off");
	EXPECT("  - {rule: bind.all, port: any}\n",
	       "3:5 \"bind.all\" leaves nothing for the built-in \"bind.admin-panel\" and others: "
	       "narrow it, or switch those off");
	EXPECT("  - {rule: bind.panel, port: 8849, action: allow}\n"
	       "  - {rule: bind.admin-panel, action: off}\n",
	       NULL);
}

/* A built-in rule, replaced, is the file's own and in its old place. */
static void a_replaced_rule_is_judged_where_it_stands(void **state)
{
	(void)state;
	EXPECT("  - {rule: bind.mqtt-loopback, port: 8849}\n",
	       "3:5 \"bind.mqtt-loopback\" can never match: \"bind.admin-panel\" (built-in) comes first "
	       "and takes all of it");
	EXPECT("  - {rule: bind.mqtt-tcp, port: 1883}\n",
	       "3:5 \"bind.mqtt-tcp\" leaves nothing for the built-in \"bind.mqtt-loopback\": narrow "
	       "it, or switch that off");
}

static void a_rule_that_is_left_one_cell_is_good(void **state)
{
	(void)state;
	EXPECT("  - {rule: bind.most, port: 80, scope: [any, interface]}\n"
	       "  - {rule: bind.rest, port: 80}\n",
	       NULL);
	EXPECT("  - {rule: bind.most, port: 80, proto: udp}\n"
	       "  - {rule: bind.rest, port: 80}\n",
	       NULL);
	EXPECT("  - {rule: bind.most, port: [1-79, 81-65535], subject: everest}\n"
	       "  - {rule: bind.rest, port: any, subject: everest, scope: interface}\n",
	       NULL);
}

static bool matches(const struct bind_rule *rule, unsigned port, unsigned subject, unsigned proto,
		    unsigned scope)
{
	return rule->subjects >> subject & 1 && rule->protos >> proto & 1 &&
	       rule->scopes >> scope & 1 && bind_item_has_port(rule, port);
}

/* Every port and cell, one after the other. */
static bool is_reached(const struct bind_rule *rules, size_t at, unsigned ports)
{
	for (unsigned port = 1; port <= ports; port++)
		for (unsigned i = 0; i < BIND_CELLS; i++) {
			unsigned subject = i % 3, scope = i / 3 % 3, proto = i / 9;
			size_t first = 0;

			while (first <= at && !matches(&rules[first], port, subject, proto, scope))
				first++;
			if (first == at)
				return true;
		}
	return false;
}

static const char *one_of(uint64_t *seed, const char *const *words, size_t n)
{
	return words[scratch_random(seed) % n];
}

static size_t random_items(uint64_t *seed, char *text, size_t size)
{
	static const char *const subjects[] = { "any", "everest", "broker", "host" };
	static const char *const protos[] = { "any", "tcp", "udp", "sctp" };
	static const char *const scopes[] = { "[loopback, interface, any]", "[any, interface]",
					      "loopback" };
	size_t n = scratch_random(seed) % 4 + 4, at = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned first = scratch_random(seed) % 6 + 1;

		at += (size_t)snprintf(
			text + at, size - at,
			"  - {rule: bind.r%zu-of, port: %u-%u, subject: %s, proto: %s, scope: %s}\n",
			i, first, first + scratch_random(seed) % 4, one_of(seed, subjects, 4),
			one_of(seed, protos, 4), one_of(seed, scopes, 3));
	}
	return n;
}

/* The items as they are read one by one, for the naive reading. */
static void items_read(const char *items, struct bind_rule *rules)
{
	for (; *items; items += strcspn(items, "\n") + 1) {
		char text[512];
		struct policy *policy;

		snprintf(text, sizeof(text), "version: 1\nbind:\n%.*s\n", (int)strcspn(items, "\n"),
			 items);
		policy = policy_of(text);
		*rules++ = policy->bind[0];
		policy_free(policy);
	}
}

static void random_rules_are_told_exactly_where_they_never_match(void **state)
{
	struct bind_rule rules[8];
	uint64_t seed = 7;
	size_t dead = 0;

	(void)state;
	for (int round = 0; round < 250; round++) {
		char items[2048], text[2304];
		struct policy *policy = NULL;
		struct policy_errors errors;
		size_t n = random_items(&seed, items, sizeof(items)), told = 0;

		items_read(items, rules);
		snprintf(text, sizeof(text), "version: 1\nbind:\n%s", items);
		policy_load_bytes("test.yaml", text, strlen(text), &policy, &errors);
		for (size_t i = 0; i < n; i++) {
			bool said = told < errors.n && errors.at[told].line == i + 3;

			assert_int_equal(said, !is_reached(rules, i, 10));
			told += said;
		}
		assert_int_equal(errors.n, told);
		dead += told;
		policy_free(policy);
	}
	assert_true(dead > 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buried_rule_is_told_with_what_buries_it),
		cmocka_unit_test(the_same_with_another_action_is_a_contradiction),
		cmocka_unit_test(what_buries_the_page_is_told_once),
		cmocka_unit_test(a_replaced_rule_is_judged_where_it_stands),
		cmocka_unit_test(a_rule_that_is_left_one_cell_is_good),
		cmocka_unit_test(random_rules_are_told_exactly_where_they_never_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
