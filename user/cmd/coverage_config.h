/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* `coverage --kernel-config`. Has said what is wrong; returns an exit code. */
int coverage_config_show(const char *path, bool json);
