/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An alert in little memory: what it is made of is mostly zeros. */
#include <stddef.h>

#include "alert/alert.h"

/* A heap copy without its runs of zeros; the caller frees. -ENOMEM. */
int compact_pack(const struct alert *alert, void **ret_packed, size_t *ret_size);
/* Exactly what was packed. -EBADMSG: that is not what compact_pack() makes. */
int compact_unpack(const void *packed, size_t size, struct alert *ret_alert);
