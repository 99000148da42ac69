/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Takes up what a module of that name does on every charger: its sockets at once, and what it
 * repeats from a thread of its own. What can't be had is told on stderr and done without:
 * 0, or -errno where the thread can't be made. */
int habits_start(const char *id, const char *module);
