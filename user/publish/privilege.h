/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Gives up every capability and the way to get one by exec: 1 if there were any, 0, or -errno. */
int privilege_drop(void);
