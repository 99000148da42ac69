/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Hooks on SCTP's own functions. */
#include <stdbool.h>

struct kernel;

/* Attaches them if SCTP is there and they are not attached yet; true: they are now. Where they
 * cannot be, the row says why. Costs a look into /sys where SCTP is not there. */
bool kernel_sctp_attach(struct kernel *kernel);
