/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The settings of modules that the lints ask for, out of the free form of config_module. */
#include "policy/document.h"

/* Bits of enum everest_hazard, out of an entry of active_modules. */
unsigned everest_hazards(const struct node *module);
