/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Starts n threads that do nothing until the process ends: 0 or -errno. */
int threads_start_idle(unsigned int n);
