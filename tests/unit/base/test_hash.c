// SPDX-License-Identifier: Apache-2.0
/* The published values of SHA-256, and names that do not repeat. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/hash.h"

static void known_texts_have_their_known_hash(void **state)
{
	static char million[1000000];
	char hex[HASH_HEX];

	(void)state;
	hash_hex("", 0, hex);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash_hex("abc", 3, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	memset(million, 'a', sizeof(million));
	hash_hex(million, sizeof(million), hex);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void random_names_are_hex_and_differ(void **state)
{
	char a[201], b[201];

	(void)state;
	memset(a, 'z', sizeof(a));
	assert_int_equal(random_hex(a, 100), 0);
	assert_int_equal(random_hex(b, 100), 0);
	assert_int_equal(strlen(a), 200);
	assert_int_equal(strspn(a, "0123456789abcdef"), 200);
	assert_string_not_equal(a, b);
	assert_int_equal(random_hex(a, 0), 0);
	assert_string_equal(a, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_their_known_hash),
		cmocka_unit_test(random_names_are_hex_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
