/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The state of this process's thread group leader, as /proc has it: 'Z': it has ended; 0: not
 * known. */
char leader_state(void);
