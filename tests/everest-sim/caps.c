// SPDX-License-Identifier: Apache-2.0
/*
 * Capabilities as EVerest's manager gives them to a module, by the system calls themselves:
 * capget, capset and prctl in the order that was traced of the real one (secure bits, then the
 * inheritable set, then one ambient raise each). Permitted stays full until the execve and
 * effective is what the change of user left: a monitor that judges before the execve must be
 * caught out by this tree too.
 *
 * EVerest's set_caps() resizes its vector to n and then appends n more, so n zeros stand in front,
 * and zero is CAP_CHOWN. caps_grant() raises it n times as well.
 */

#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "caps.h"
#include "cleanup.h"

static const char *const names[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

const char *caps_name(unsigned int cap)
{
	return cap < sizeof(names) / sizeof(names[0]) ? names[cap] : NULL;
}

int caps_from_name(const char *name)
{
	for (unsigned int cap = 0; caps_name(cap); cap++)
		if (strcasecmp(name, caps_name(cap)) == 0)
			return (int)cap;
	return -EINVAL;
}

int caps_keep(void)
{
	return prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0) < 0 ? -errno : 0;
}

static int ambient_raise(int cap)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0 ? -errno : 0;
}

static void inheritable_add(struct __user_cap_data_struct *data, int cap)
{
	data[CAP_TO_INDEX(cap)].inheritable |= CAP_TO_MASK(cap);
}

int caps_grant(const int *caps, size_t n_caps, int leak_chown)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	int err;

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	if (leak_chown)
		inheritable_add(data, CAP_CHOWN);
	for (size_t i = 0; i < n_caps; i++)
		inheritable_add(data, caps[i]);
	if (syscall(SYS_capset, &header, data) < 0)
		return -errno;

	for (size_t i = 0; leak_chown && i < n_caps; i++) {
		err = ambient_raise(CAP_CHOWN);
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < n_caps; i++) {
		err = ambient_raise(caps[i]);
		if (err < 0)
			return err;
	}
	return 0;
}
