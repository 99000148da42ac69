// SPDX-License-Identifier: Apache-2.0
/* The line is exactly what the calls say; bytes come back through both escapes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/json.h"
#include "scratch.h"

static void write_sample(struct json *j, char *buffer, size_t size)
{
	json_begin(j, buffer, size);
	json_object(j, NULL);
	json_string(j, "schema", "x/1");
	json_uint(j, "n", UINT64_MAX);
	json_int(j, "i", INT64_MIN);
	json_bool(j, "yes", true);
	json_bool(j, "no", false);
	json_null(j, "nothing");
	json_string(j, "absent", NULL);
	json_object(j, "empty");
	json_close_object(j);
	json_array(j, "list");
	json_uint(j, NULL, 0);
	json_array(j, NULL);
	json_close_array(j);
	json_object(j, NULL);
	json_bytes(j, "k", "v", 1, 10);
	json_close_object(j);
	json_string(j, NULL, "");
	json_close_array(j);
	json_close_object(j);
}

static const char sample[] =
	"{\"schema\":\"x/1\",\"n\":18446744073709551615,\"i\":-9223372036854775808,\"yes\":true,\"no\":false,\"nothing\":null,\"absent\":null,\"empty\":{},\"list\":[0,[],{\"k\":\"v\"},\"\"]}";

static void members_stand_in_the_order_of_the_calls(void **state)
{
	char buffer[512];
	struct json j;

	(void)state;
	write_sample(&j, buffer, sizeof(buffer));
	assert_int_equal(json_end(&j), sizeof(sample) - 1);
	assert_string_equal(buffer, sample);
	assert_false(j.truncated);
	assert_int_equal(j.depth, 0);
}

/* Each size below the right one is an overflow, and nothing is written beyond it. */
static void a_small_buffer_is_noticed_at_the_end(void **state)
{
	struct json j;

	(void)state;
	for (size_t size = 1; size < sizeof(sample); size++) {
		char *exact = malloc(size);

		assert_non_null(exact);
		write_sample(&j, exact, size);
		assert_int_equal(json_end(&j), -ENOSPC);
		free(exact);
	}
	json_begin(&j, (char[1]){ 0 }, 0);
	json_object(&j, NULL);
	assert_int_equal(json_end(&j), -ENOSPC);
}

static void strings_are_escaped_twice(void **state)
{
	char buffer[128];
	struct json j;

	(void)state;
	json_begin(&j, buffer, sizeof(buffer));
	json_bytes(&j, NULL, "a\"b\\c\x1b\xff\0/", 9, 100);
	json_end(&j);
	assert_string_equal(buffer, "\"a\\\"b\\\\\\\\c\\\\x1b\\\\xff\\\\x00/\"");
}

static void plain_text_is_escaped_once(void **state)
{
	char buffer[64];
	struct json j;

	(void)state;
	json_begin(&j, buffer, sizeof(buffer));
	json_object(&j, NULL);
	json_plain(&j, "p", "^a\\.\"/$");
	json_close_object(&j);
	assert_true(json_end(&j) > 0);
	assert_string_equal(buffer, "{\"p\":\"^a\\\\.\\\"/$\"}");
	json_begin(&j, buffer, 8);
	json_plain(&j, NULL, "too long");
	assert_int_equal(json_end(&j), -ENOSPC);
}

static void a_cut_string_is_marked_and_whole(void **state)
{
	char buffer[64];
	struct json j;

	(void)state;
	json_begin(&j, buffer, sizeof(buffer));
	json_bytes(&j, NULL, "ab\xe2\x82\xac", 5, 4);
	json_end(&j);
	assert_string_equal(buffer, "\"ab\"");
	assert_true(j.truncated);
}

/* JSON's own escapes taken back: only \" and \\ may occur. */
static size_t unquote(char *to, const char *from)
{
	size_t n = 0;

	assert_int_equal(*from++, '"');
	for (; *from != '"'; from++) {
		assert_true((unsigned char)*from >= 0x20);
		if (*from == '\\') {
			from++;
			assert_true(*from == '"' || *from == '\\');
		}
		to[n++] = *from;
	}
	assert_int_equal(from[1], 0);
	to[n] = '\0';
	return n;
}

static void random_bytes_come_back_through_json(void **state)
{
	uint64_t seed = 0x5eed0002;
	char bytes[40], line[512], text[512], back[41];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = scratch_random(&seed) % (sizeof(bytes) + 1), length;
		struct json j;

		scratch_bytes(&seed, bytes, n);
		json_begin(&j, line, sizeof(line));
		json_bytes(&j, NULL, bytes, n, sizeof(bytes));
		assert_true(json_end(&j) > 0);
		unquote(text, line);
		assert_int_equal(escape_undo(back, sizeof(back), text, &length), 0);
		assert_int_equal(length, n);
		assert_memory_equal(back, bytes, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_stand_in_the_order_of_the_calls),
		cmocka_unit_test(a_small_buffer_is_noticed_at_the_end),
		cmocka_unit_test(strings_are_escaped_twice),
		cmocka_unit_test(plain_text_is_escaped_once),
		cmocka_unit_test(a_cut_string_is_marked_and_whole),
		cmocka_unit_test(random_bytes_come_back_through_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
