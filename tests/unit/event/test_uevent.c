// SPDX-License-Identifier: Apache-2.0
/* The kernel's own messages decode; anything that is a little different does not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/uevent.h"
#include "scratch.h"

#define STICK "/devices/pci0000:00/0000:00:03.0/usb2/2-1"

/* As a kernel 6.12 sends it; newlines here are NULs there. */
static const char added[] = "add@" STICK "\n"
			    "ACTION=add\n"
			    "DEVPATH=" STICK "\n"
			    "SUBSYSTEM=usb\n"
			    "MAJOR=189\n"
			    "MINOR=129\n"
			    "DEVNAME=bus/usb/002/002\n"
			    "DEVTYPE=usb_device\n"
			    "PRODUCT=46f4/1/0\n"
			    "TYPE=0/0/0\n"
			    "BUSNUM=002\n"
			    "DEVNUM=002\n"
			    "SEQNUM=1234\n";

static const char interface_added[] = "add@" STICK "/2-1:1.0\n"
				      "ACTION=add\n"
				      "DEVPATH=" STICK "/2-1:1.0\n"
				      "SUBSYSTEM=usb\n"
				      "DEVTYPE=usb_interface\n"
				      "PRODUCT=46f4/1/0\n"
				      "TYPE=0/0/0\n"
				      "INTERFACE=8/6/80\n"
				      "MODALIAS=usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00\n"
				      "SEQNUM=1235\n";

/* Decodes exactly n bytes. */
static int decode(const char *text, size_t n, struct uevent *uevent)
{
	char *copy = malloc(n ? n : 1);
	int err;

	assert_non_null(copy);
	for (size_t i = 0; i < n; i++)
		copy[i] = (char)(text[i] == '\n' ? '\0' : text[i]);
	err = uevent_decode(copy, n, uevent);
	free(copy);
	return err;
}

/* The message with the first `from` in it turned into `to`. */
static int decode_with(const char *message, const char *from, const char *to, struct uevent *uevent)
{
	const char *at = strstr(message, from);
	char text[2048];
	int n;

	assert_non_null(at);
	n = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - message), message, to,
		     at + strlen(from));
	return decode(text, (size_t)n, uevent);
}

/* The whole name and no more of the datagram than it has. */
static void a_module_is_known_by_its_name(void **state)
{
	static const char sctp[] = "add@/module/sctp\0ACTION=add\0DEVPATH=/module/sctp";
	static const char diag[] = "add@/module/sctp_diag\0ACTION=add";
	static const char gone[] = "remove@/module/sctp\0ACTION=remove";

	(void)state;
	assert_true(uevent_is_module(sctp, sizeof(sctp), "sctp"));
	assert_true(uevent_is_module(sctp, sizeof("add@/module/sctp"), "sctp"));
	assert_false(uevent_is_module(sctp, sizeof("add@/module/sctp") - 1, "sctp"));
	assert_false(uevent_is_module(sctp, 3, "sctp"));
	assert_false(uevent_is_module(sctp, sizeof(sctp), "sct"));
	assert_false(uevent_is_module(diag, sizeof(diag), "sctp"));
	assert_true(uevent_is_module(diag, sizeof(diag), "sctp_diag"));
	assert_false(uevent_is_module(gone, sizeof(gone), "sctp"));
}

static void a_device_is_read(void **state)
{
	struct uevent uevent;

	(void)state;
	assert_int_equal(decode(added, sizeof(added) - 1, &uevent), 0);
	assert_string_equal(uevent.action, "add");
	assert_string_equal(uevent.devpath, STICK);
	assert_true(uevent.device);
	assert_int_equal(uevent.bus, 2);
	assert_int_equal(uevent.number, 2);
	assert_string_equal(uevent.vendor, "46f4");
	assert_string_equal(uevent.product, "0001");
	assert_string_equal(uevent.class, "00");
	assert_int_equal(decode_with(added, "TYPE=0", "TYPE=239", &uevent), 0);
	assert_string_equal(uevent.class, "ef");
}

static void an_interface_is_read(void **state)
{
	struct uevent uevent;

	(void)state;
	assert_int_equal(decode(interface_added, sizeof(interface_added) - 1, &uevent), 0);
	assert_false(uevent.device);
	assert_int_equal(uevent.bus, 0);
	assert_string_equal(uevent.devpath, STICK "/2-1:1.0");
}

static void others_are_told_from_usb(void **state)
{
	struct uevent uevent;

	(void)state;
	assert_int_equal(decode_with(added, "SUBSYSTEM=usb", "SUBSYSTEM=net", &uevent), 1);
	assert_int_equal(decode_with(added, "SUBSYSTEM=usb", "SUBSYSTEM=usbmisc", &uevent), 1);
	assert_int_equal(decode_with(added, "DEVTYPE=usb_device", "DEVTYPE=usb_port", &uevent), 1);
	assert_int_equal(decode_with(added, "DEVTYPE=usb_device", "X=1", &uevent), 1);
	/* Written by somebody into the uevent file. */
	assert_int_equal(decode_with(added, "SEQNUM=1234", "SYNTH_UUID=0\nSEQNUM=1", &uevent), 1);
}

static void what_the_kernel_never_sends_is_refused(void **state)
{
	static const char *const changes[][2] = {
		{ "add@", "add" },
		{ "add@", "bind@" },		    /* header and ACTION differ */
		{ "DEVPATH=" STICK, "DEVPATH=/x" }, /* header and DEVPATH differ */
		{ "SUBSYSTEM=usb\n", "" },
		{ "ACTION=add\n", "" },
		{ "DEVPATH=", "NOTPATH=" },
		{ "MINOR=129", "MINOR" },	    /* no value */
		{ "MINOR=129", "=129" },	    /* no key */
		{ "MINOR=129\n", "\n" },	    /* an empty pair */
		{ "SEQNUM=1234", "PRODUCT=1/2/3" }, /* twice */
		{ "PRODUCT=46f4/1/0\n", "" },
		{ "PRODUCT=46f4/1/0", "PRODUCT=10000/1/0" },
		{ "PRODUCT=46f4/1/0", "PRODUCT=46f4/1" },
		{ "PRODUCT=46f4/1/0", "PRODUCT=46f4/1/0/" },
		{ "PRODUCT=46f4/1/0", "PRODUCT=46f4//0" },
		{ "PRODUCT=46f4/1/0", "PRODUCT=-1/1/0" },
		{ "PRODUCT=46f4/1/0", "PRODUCT= 46f4/1/0" },
		{ "PRODUCT=46f4/1/0", "PRODUCT=99999999999999999999999/1/0" },
		{ "TYPE=0/0/0\n", "" },
		{ "TYPE=0/0/0", "TYPE=256/0/0" },
		{ "TYPE=0/0/0", "TYPE=f/0/0" },
		{ "BUSNUM=002\n", "" },
		{ "BUSNUM=002", "BUSNUM=000" },
		{ "BUSNUM=002", "BUSNUM=1000" },
		{ "DEVNUM=002", "DEVNUM=2x" },
		{ "DEVNUM=002", "DEVNUM=" },
	};
	struct uevent uevent;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_int_equal(decode_with(added, changes[i][0], changes[i][1], &uevent),
				 -EBADMSG);
}

/* The same path in header and pair. */
static int decode_path(const char *path, struct uevent *uevent)
{
	char text[4096];
	int n = snprintf(
		text, sizeof(text),
		"add@%s\nACTION=add\nDEVPATH=%s\nSUBSYSTEM=usb\nDEVTYPE=usb_device\nPRODUCT=1/2/3\nTYPE=9/0/0\nBUSNUM=001\nDEVNUM=003\n",
		path, path);

	return decode(text, (size_t)n, uevent);
}

static void paths_lead_nowhere_else(void **state)
{
	static const char *const wrong[] = { "",    "devices", "/",	"//a", "/a/",  "/a//b",
					     "/..", "/a/../b", "/a/..", "/.",  "/./a", "/a/." };
	struct uevent uevent;
	char path[UEVENT_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(decode_path(wrong[i], &uevent), -EBADMSG);
	assert_int_equal(decode_path("/a/..b/...", &uevent), 0);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[UEVENT_PATH_MAX] = '\0';
	assert_int_equal(decode_path(path, &uevent), -EBADMSG);
	path[UEVENT_PATH_MAX - 1] = '\0';
	assert_int_equal(decode_path(path, &uevent), 0);
	assert_string_equal(uevent.devpath, path);
}

static void actions_are_short_words(void **state)
{
	static const char *const wrong[] = { "", "Add", "add it", "averyveryverylongword", "a1" };
	struct uevent uevent;
	char text[1024];
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		n = snprintf(text, sizeof(text),
			     "%s@/a\nACTION=%s\nDEVPATH=/a\nSUBSYSTEM=usb\n"
			     "DEVTYPE=usb_device\nPRODUCT=1/2/3\nTYPE=9/0/0\nBUSNUM=1\nDEVNUM=3\n",
			     wrong[i], wrong[i]);
		assert_int_equal(decode(text, (size_t)n, &uevent), -EBADMSG);
	}
}

/* No prefix of a message passes for a device but at the ends of pairs that are not needed. */
static void cut_messages_are_refused(void **state)
{
	const size_t needed = (size_t)(strstr(added, "SEQNUM") - added);
	struct uevent uevent;

	(void)state;
	for (size_t n = 0; n < sizeof(added) - 1; n++) {
		int err = decode(added, n, &uevent);

		assert_int_equal(err == 0, n == needed);
	}
	/* libudev's messages to its own listeners begin with a word and no pair. */
	assert_int_equal(decode("libudev\n\xfe\xed\xca\xfe\n", 13, &uevent), -EBADMSG);
}

static void noise_never_breaks_a_promise(void **state)
{
	uint64_t seed = 0x5eed0005;
	char text[sizeof(added)];

	(void)state;
	for (int round = 0; round < 50000; round++) {
		struct uevent uevent;

		memcpy(text, added, sizeof(added));
		for (int hits = 0; hits < 3; hits++)
			scratch_bytes(&seed, text + scratch_random(&seed) % (sizeof(text) - 1), 1);
		if (decode(text, sizeof(text) - 1, &uevent))
			continue;
		assert_int_equal(uevent.devpath[0], '/');
		assert_null(strstr(uevent.devpath, "/../"));
		assert_int_equal(strlen(uevent.vendor), 4);
		assert_int_equal(strlen(uevent.product), 4);
		assert_int_equal(strlen(uevent.class), 2);
		assert_true(uevent.action[0] >= 'a' && uevent.action[0] <= 'z');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_is_known_by_its_name),
		cmocka_unit_test(a_device_is_read),
		cmocka_unit_test(an_interface_is_read),
		cmocka_unit_test(others_are_told_from_usb),
		cmocka_unit_test(what_the_kernel_never_sends_is_refused),
		cmocka_unit_test(paths_lead_nowhere_else),
		cmocka_unit_test(actions_are_short_words),
		cmocka_unit_test(cut_messages_are_refused),
		cmocka_unit_test(noise_never_breaks_a_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
