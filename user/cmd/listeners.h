/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* `status --listeners`. Has said what is wrong; returns an exit code. */
#include <stdbool.h>

int listeners_show(const char *run_dir, bool json);
