/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SHA-256 (libmd) as lower-case hex. */
#include <stddef.h>

enum {
	HASH_HEX = 65
};

void hash_hex(const void *data, size_t size, char hex[HASH_HEX]);
/* n random bytes as 2n lower-case hex digits and a NUL. */
int random_hex(char *hex, size_t n);
