// SPDX-License-Identifier: Apache-2.0
/*
 * The last good policy is kept as `policy show` writes it: one file that says everything once and
 * gives the same policy, whatever files, drop-ins and version of evmon's defaults it came from; a
 * copy of the files would be read over another build's defaults. It is replaced by rename and is on
 * the disk before its name is, so that a power cut leaves one or the other. It is read back by the
 * same reader as any policy, which refuses a file that is not root's or that others can write.
 */
#include "good.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "pipeline.h"
#include "policy/show.h"
#include "report.h"

#define GOOD_FILE "policy.good.yaml"

enum {
	GOOD_MAX = 1024 * 1024
};

void good_refuse(struct daemon *daemon, const struct policy_errors *errors, const char *in_force)
{
	const struct policy_error *first = &errors->at[0];

	for (size_t i = 0; i < errors->n; i++)
		log_err("%s:%u:%u: %s", errors->at[i].file, errors->at[i].line,
			errors->at[i].column, errors->at[i].text);
	if (errors->more)
		log_err("and %zu more", errors->more);
	snprintf(daemon->policy_error, sizeof(daemon->policy_error), "%s:%u:%u: %s",
		 errors->n ? first->file : "policy", first->line, first->column,
		 errors->n ? first->text : "cannot be read");
	daemon->policy_in_force = in_force;
	report_status(daemon);
	log_err("the policy is not valid: %s", in_force);
}

int good_tell(struct daemon *daemon)
{
	if (!daemon->policy_error[0])
		return 0;
	return pipeline_finding(daemon, EVMON_RULE_SELF_POLICY_INVALID, "policy",
				daemon->policy_error, daemon->policy_error);
}

static int good_read(struct daemon *daemon)
{
	char path[PATH_MAX + sizeof(GOOD_FILE) + 1];
	struct policy_errors errors = { .n = 0 };
	const char *const paths[] = { path, NULL };
	int err;

	snprintf(path, sizeof(path), "%s/%s", daemon->options->state_dir, GOOD_FILE);
	err = policy_load(paths, &daemon->policy, &errors);
	if (err < 0 && err != -ENOENT && errors.n)
		log_warning("%s:%u:%u: %s", errors.at[0].file, errors.at[0].line,
			    errors.at[0].column, errors.at[0].text);
	return err;
}

int good_start(struct daemon *daemon)
{
	struct policy_errors errors = { .n = 0 };
	int err = policy_load_default(daemon->options->policy, &daemon->policy, &errors);

	if (err == 0 || err == -ENOMEM)
		return err;
	err = good_read(daemon);
	if (err == -ENOMEM)
		return err;
	if (err == 0) {
		good_refuse(daemon, &errors, "the last good one is in force");
		return 0;
	}
	good_refuse(daemon, &errors, "the built-in one is in force");
	return policy_new_default(&daemon->policy);
}

static int good_write(struct daemon *daemon)
{
	_cleanup_(freep) char *before = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t size = 0, n_before = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	err = policy_show(out, daemon->policy, NULL, NULL);
	if (fclose(out) != 0 && err >= 0)
		err = -ENOMEM;
	if (err < 0)
		return err;
	if (file_read(daemon->state_fd, GOOD_FILE, GOOD_MAX, &before, &n_before) == 0 &&
	    n_before == size && !memcmp(before, text, size))
		return 0;
	return file_write_durable(daemon->state_fd, GOOD_FILE, text, size, 0600);
}

void good_keep(struct daemon *daemon)
{
	int err = good_write(daemon);

	if (err < 0)
		log_warning("%s/%s: %s: a start with a bad policy falls back to an older one",
			    daemon->options->state_dir, GOOD_FILE, strerror(-err));
}
