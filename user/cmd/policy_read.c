// SPDX-License-Identifier: Apache-2.0
/*
 * The room policy/ writes mistakes down and prints nothing; verbs that need a policy to go on say
 * them here, in the words of a compiler, so that an editor can jump to the place. A mistake of the
 * whole file has no line.
 */
#include "cmd/policy_read.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "cmd/cmd.h"

static void error_text(const struct policy_error *error, char *text, size_t size)
{
	char file[sizeof(error->file) * 4];

	escape_text(file, sizeof(file), error->file, ESCAPE_TERMINAL, NULL);
	if (error->line)
		snprintf(text, size, "%s:%u:%u: %s", file, error->line, error->column, error->text);
	else
		snprintf(text, size, "%s: %s", file, error->text);
}

int policy_read(const char *path, struct policy **ret_policy)
{
	struct policy_errors errors = { .n = 0 };
	int err = policy_load_default(path, ret_policy, &errors);
	char text[2048];

	for (size_t i = 0; err < 0 && i < errors.n; i++) {
		error_text(&errors.at[i], text, sizeof(text));
		log_err("%s", text);
	}
	if (err < 0 && errors.more)
		log_err("and %zu more", errors.more);
	return err;
}

static void errors_print(const struct policy_errors *errors)
{
	char text[2048];

	for (size_t i = 0; i < errors->n; i++) {
		error_text(&errors->at[i], text, sizeof(text));
		fprintf(stderr, "%s\n", text);
	}
	if (errors->more)
		fprintf(stderr, "and %zu more\n", errors->more);
}

static int paths_copy(char *const *from, char ***ret_paths)
{
	char **paths;
	size_t n = 0;

	while (from[n])
		n++;
	paths = *ret_paths = calloc(n + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		paths[i] = strdup(from[i]);
		if (!paths[i])
			return -ENOMEM;
	}
	return 0;
}

int policy_files_read(char *const *paths, struct policy_files *ret)
{
	struct policy_errors errors = { .n = 0 };
	struct policy_files files = { .paths = NULL };
	int err;

	if (paths[0])
		err = paths_copy(paths, &files.paths);
	else
		err = policy_paths(&errors, &files.paths);
	if (!err)
		err = policy_load_origins((const char *const *)files.paths, &files.policy,
					  &files.origins, &errors);
	if (!err) {
		*ret = files;
		return EXIT_GOOD;
	}
	policy_files_free(&files);
	errors_print(&errors);
	if (err == -ENOMEM)
		log_err_errno(err, "no policy");
	return err == -EACCES || err == -EPERM ? EXIT_PERMISSION :
	       err == -ENOMEM		       ? EXIT_FAILED :
						 EXIT_POLICY;
}

void policy_files_free(struct policy_files *files)
{
	for (char **path = files->paths; path && *path; path++)
		free(*path);
	free(files->paths);
	policy_free(files->policy);
	origins_free(files->origins);
	*files = (struct policy_files){ .paths = NULL };
}

void policy_files_print(FILE *out, const struct policy_files *files)
{
	char name[1024];

	for (char **path = files->paths; *path; path++) {
		escape_text(name, sizeof(name), *path, ESCAPE_TERMINAL, NULL);
		fprintf(out, "%s%s", path == files->paths ? "" : ", ", name);
	}
	fputs(files->paths[0] ? " over the built-in policy" : "the built-in policy", out);
}
