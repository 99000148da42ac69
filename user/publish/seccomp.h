/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From here on, in this process for good: EPERM for what a publisher never has to ask of the
 * kernel. Wants no_new_privs. 0 or -errno; -ENOTSUP: this architecture or kernel has none. */
int seccomp_install(void);
