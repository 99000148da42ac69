/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * A socket that is bound, and one descriptor of one process that holds it: what iter/task_file
 * writes, kernel to user space; one reader: kernel/listeners.c. All text is raw bytes.
 */
#include "evmon/record.h"

struct evmon_listener {
	__u64 inode; /* the socket's, by which sockets are told apart */
	struct evmon_record_process process;
	struct evmon_record_bind bind; /* asked_port is not known: 0 */
	__u32 fd;
	__u8 listening; /* connections or datagrams of anybody reach it */
	__u8 exe_truncated;
	__u16 exe_len;
	char exe[EVMON_PATH_BYTES]; /* as in a record */
};

_Static_assert(sizeof(struct evmon_listener) == 8 + 80 + 40 + 8 + 1024, "listener");
