/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The libyaml that runs, "0.2.5". */
const char *policy_yaml_version(void);
