/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* sd_notify(3)'s protocol without its library: "READY=1", "WATCHDOG=1", "STATUS=...". Where
 * $NOTIFY_SOCKET is not set nothing is sent; nothing blocks. */
void notify_supervisor(const char *text);
