// SPDX-License-Identifier: Apache-2.0
/* Numbers and names are the kernel's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <linux/capability.h>

#include "base/capability.h"

static void names_and_numbers_are_the_kernels(void **state)
{
	(void)state;
	assert_string_equal(capability_name(CAP_CHOWN), "CAP_CHOWN");
	assert_string_equal(capability_name(CAP_NET_ADMIN), "CAP_NET_ADMIN");
	assert_string_equal(capability_name(CAP_NET_RAW), "CAP_NET_RAW");
	assert_string_equal(capability_name(CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
	assert_string_equal(capability_name(CAP_SETFCAP), "CAP_SETFCAP");
	assert_string_equal(capability_name(CAP_SYSLOG), "CAP_SYSLOG");
	assert_string_equal(capability_name(CAP_LAST_CAP), "CAP_CHECKPOINT_RESTORE");
	assert_null(capability_name(CAPABILITY_COUNT));
	assert_null(capability_name(~0U));
}

static void each_name_gives_its_number(void **state)
{
	(void)state;
	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		assert_memory_equal(capability_name((unsigned)i), "CAP_", 4);
		assert_int_equal(capability_from_name(capability_name((unsigned)i)), i);
	}
	assert_int_equal(capability_from_name("cap_Net_raW"), CAP_NET_RAW);
	assert_int_equal(capability_from_name("NET_RAW"), -EINVAL);
	assert_int_equal(capability_from_name("CAP_NET_RAW "), -EINVAL);
	assert_int_equal(capability_from_name(""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_are_the_kernels),
		cmocka_unit_test(each_name_gives_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
