// SPDX-License-Identifier: Apache-2.0
/*
 * `evmon --version` names the libraries that are really there, which need not be those of the
 * build; only this room may ask libyaml.
 */
#include "policy/version.h"

#include <yaml.h>

const char *policy_yaml_version(void)
{
	return yaml_get_version_string();
}
