// SPDX-License-Identifier: Apache-2.0
/*
 * SHA-256 by libmd, which is small, has no state of its own and is already on every Debian system;
 * a TLS library for one hash would be the largest thing in the daemon.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>

#include <sha2.h>

static void to_hex(const uint8_t *bytes, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	hex[2 * n] = '\0';
}

void hash_hex(const void *data, size_t size, char hex[HASH_HEX])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, data, size);
	SHA256Final(digest, &context);
	to_hex(digest, sizeof(digest), hex);
}

int random_hex(char *hex, size_t n)
{
	uint8_t bytes[32];

	for (size_t done = 0; done < n;) {
		size_t want = n - done < sizeof(bytes) ? n - done : sizeof(bytes);
		ssize_t got = getrandom(bytes, want, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		to_hex(bytes, (size_t)got, hex + 2 * done);
		done += (size_t)got;
	}
	hex[2 * n] = '\0';
	return 0;
}
