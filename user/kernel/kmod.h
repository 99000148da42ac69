/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Hooks on functions of the kernel's modules, which come and go. */
#include <stdbool.h>

struct kernel;

enum kmod {
	KMOD_SCTP,
	KMOD_USB,
	KMOD_MAX
};

/* Attaches the hook if its module is there and it is not attached yet; true: it is now. Where it
 * cannot be, the row says why. Costs a look into /sys where the module is not there. */
bool kernel_kmod_attach(struct kernel *kernel, enum kmod kmod);
