// SPDX-License-Identifier: Apache-2.0
/*
 * The program that talks to a network holds no right beyond its own files. Its unit sees to that
 * already; this is for whoever starts it another way. Emptying the permitted set empties the
 * ambient one too, and no_new_privs makes the bounding set moot.
 */
#include "publish/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int privilege_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	int had = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		had |= (data[i].permitted | data[i].inheritable) != 0;
		data[i] = (struct __user_cap_data_struct){ 0 };
	}
	if (had && syscall(SYS_capset, &header, data) < 0)
		return -errno;
	return had;
}
