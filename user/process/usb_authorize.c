// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's own switch for a USB device: `authorized` in its folder. Written 0, its drivers are
 * unbound and its configuration is taken from it; written 1, the kernel chooses a configuration
 * anew. A new device starts with what its bus says in `authorized_default`: 1 (all may be used),
 * 0 (none), 2 (only what sits on a port that the firmware calls internal).
 *
 * A root hub is never written to: that would cut off a whole bus. Ports are checked to be ones of
 * devices (usb_port_valid) before they become part of a path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "process/usb_sysfs.h"

#define ROOT_HUB "usb"

int usb_sysfs_authorized(int sys_fd, const struct usb_device *device)
{
	_cleanup_(closep) int fd = usb_sysfs_open(sys_fd, device);
	char text[8];

	if (fd < 0 || file_read_into(fd, "authorized", text, sizeof(text)) < 0)
		return -ENODEV;
	return text[0] != '0';
}

int usb_sysfs_authorize(int sys_fd, const struct usb_device *device, bool use)
{
	_cleanup_(closep) int dir_fd = usb_sysfs_open(sys_fd, device);
	_cleanup_(closep) int fd = -1;

	if (dir_fd < 0)
		return -ENODEV;
	fd = openat(dir_fd, "authorized", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	return write_all(fd, use ? "1" : "0", 1);
}

/* As usb_sysfs_may_authorize(), of one bus. */
static int bus_may(int dir_fd, const char *hub)
{
	char path[64], text[8];

	snprintf(path, sizeof(path), "%.31s/authorized", hub);
	if (faccessat(dir_fd, path, W_OK, AT_EACCESS) < 0)
		return -errno;
	snprintf(path, sizeof(path), "%.31s/authorized_default", hub);
	if (file_read_into(dir_fd, path, text, sizeof(text)) < 0)
		return 1;
	return text[0] != '0' && text[0] != '2';
}

int usb_sysfs_may_authorize(int sys_fd)
{
	_cleanup_(closep) int fd =
		openat(sys_fd, USB_SYSFS_DEVICES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = NULL;
	const struct dirent *name;
	int may = -ENODEV, copy;

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return -errno;
	while ((name = readdir(dir))) {
		int one;

		if (strncmp(name->d_name, ROOT_HUB, strlen(ROOT_HUB)) != 0)
			continue;
		one = bus_may(fd, name->d_name);
		if (one < 0)
			return one;
		may = may < one ? one : may;
	}
	return may;
}
