/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How this program stands with its supervisor's watchdog. */
struct watchdog {
	uint64_t asked_us; /* what the supervisor asks for; 0: it has none for us */
	uint64_t next_ns;  /* boot time at which the next word is due; UINT64_MAX: none is */
	bool patient;	   /* it has been asked to wait longer */
};

/* Reads what the supervisor has put into the environment. */
void watchdog_init(struct watchdog *watchdog);

/* Says how it is. Well: it is fed. Not well: it is not, but waits an hour before it ends us. */
void watchdog_tell(struct watchdog *watchdog, bool well);
