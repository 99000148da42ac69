/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* evmon-publish from its options to its end. */

struct publisher_options {
	const char *state_dir; /* NULL: as publish.conf says */
	const char *run_dir;
	const char *cursor_dir;
};

/* Until SIGTERM or SIGINT: 0; -errno if it could not start (it has said why). */
int publisher_run(const struct publisher_options *options);
