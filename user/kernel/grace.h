/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Waits until every run of a BPF program that has begun is over; new ones may begin meanwhile. */
int grace_wait(void);
