/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an actor may ask the kernel for without having a right to it; argument "-": none. errno, or
 * 0 where it was granted; -1: nothing of that name is known. */
int ask(const char *what, const char *argument);
