/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where EVerest's manager looks for its files. */
#include <limits.h>

#define EVEREST_PREFIX "/usr"

/*
 * What `manager --config WORD --prefix DIR` reads: the file WORD where there is one, else
 * WORD.yaml, or default.yaml where WORD is NULL, in the etc directory of the prefix (NULL: /usr).
 * It need not be there. -ENAMETOOLONG.
 */
int everest_config_path(const char *word, const char *prefix, char ret_path[PATH_MAX]);
/* `name` in the etc directory of the prefix. */
int everest_etc_path(const char *prefix, const char *name, char ret_path[PATH_MAX]);
/* user-config/ of the same name beside the file; a link is followed first. */
int everest_user_config_path(const char *path, char ret_path[PATH_MAX]);
