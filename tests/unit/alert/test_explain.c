// SPDX-License-Identifier: Apache-2.0
/* Every rule of the closed list is explained, in lines that fit a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "alert/explain.h"

enum {
	COLUMNS = 76
};

static void is_prose(const char *rule, const char *text)
{
	size_t n;

	if (!text || !*text)
		fail_msg("%s: nothing said", rule);
	for (; *text; text += n + 1) {
		n = strcspn(text, "\n");
		if (!n || n > COLUMNS || text[n] != '\n')
			fail_msg("%s: '%.*s'", rule, (int)n, text);
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
				fail_msg("%s: not plain: '%.*s'", rule, (int)n, text);
	}
}

static void explained(const char *rule, const struct explanation *explanation)
{
	assert_non_null(explanation);
	is_prose(rule, explanation->means);
	is_prose(rule, explanation->matters);
	is_prose(rule, explanation->todo);
}

static void every_rule_is_explained(void **state)
{
	size_t n = 0;

	(void)state;
	for (int i = 0; i < EVMON_RULE_CLOSED; i++) {
		const struct rule *rule = rule_get((enum evmon_rule)i);

		if (!rule)
			continue;
		explained(rule->name, explanation_get((enum evmon_rule)i));
		n++;
	}
	assert_int_equal(n, 36);
	explained("the vendor's", explanation_vendor());
}

static void what_is_no_rule_has_no_explanation(void **state)
{
	(void)state;
	assert_null(explanation_get(EVMON_RULE_NONE));
	assert_null(explanation_get(EVMON_RULE_CANARY));
	assert_null(explanation_get(EVMON_RULE_VENDOR));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_explained),
		cmocka_unit_test(what_is_no_rule_has_no_explanation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
