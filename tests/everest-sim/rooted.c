// SPDX-License-Identifier: Apache-2.0
/*
 * Says who it runs as, and ends with 0 where that is root, else with 1. Set-uid root, it is how a
 * module that is not root gets a root process; who needs that sets the bit on a copy of their own,
 * since a build should leave no set-uid program behind.
 */

#include <stdio.h>
#include <unistd.h>

int main(void)
{
	printf("uid=%u euid=%u\n", getuid(), geteuid());
	return geteuid() == 0 ? 0 : 1;
}
