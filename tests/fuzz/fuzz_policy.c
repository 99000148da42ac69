// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a policy file: either a policy within all limits, the same again for the same bytes,
 * and for what is shown of it, or at least one error with a place and a message that is fit for a
 * terminal. Nothing differs between a policy and itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "policy/compare.h"
#include "policy/internal.h"
#include "policy/lists.h"
#include "policy/show.h"

static void check_bind(const struct bind_rule *item)
{
	PROMISE(!strncmp(item->rule, "bind.", 5) && strlen(item->rule) < POLICY_NAME_MAX);
	PROMISE(item->subjects && item->protos && item->scopes);
	PROMISE(item->n_ports && item->n_ports <= POLICY_PORT_RANGES);
	for (size_t i = 0; i < item->n_ports; i++) {
		PROMISE(item->ports[i].first && item->ports[i].first <= item->ports[i].last);
		PROMISE(!i || item->ports[i].first > item->ports[i - 1].last + 1);
	}
	PROMISE(item->severity < SEVERITY_MAX && item->action <= ACTION_DENY);
}

static void check_policy(const struct policy *policy)
{
	PROMISE(policy->n_bind <= POLICY_BIND_ITEMS);
	for (size_t i = 0; i < policy->n_bind; i++) {
		check_bind(&policy->bind[i]);
		for (size_t j = 0; j < i; j++)
			PROMISE(strcmp(policy->bind[i].rule, policy->bind[j].rule) != 0);
	}
	PROMISE(policy->n_modules <= POLICY_MODULES && policy->n_usb_allow <= POLICY_ALLOWED);
	for (size_t i = 0; i < policy->n_modules; i++)
		PROMISE(*policy->modules[i].name && !(policy->modules[i].mask >> 41));
	PROMISE(*policy->manager == '/' && *policy->broker_exe == '/');
	PROMISE(policy->window_ns && policy->window_ns <= policy->window_max_ns);
	PROMISE(strlen(policy->hash) == POLICY_HASH_MAX - 1);
}

static void check_errors(const struct policy_errors *errors)
{
	PROMISE(errors->n && errors->n <= POLICY_ERRORS_MAX);
	PROMISE(!errors->more || errors->n == POLICY_ERRORS_MAX);
	for (size_t i = 0; i < errors->n; i++) {
		PROMISE(*errors->at[i].text && !strcmp(errors->at[i].file, "fuzz.yaml"));
		for (const char *c = errors->at[i].text; *c; c++)
			PROMISE((unsigned char)*c >= 0x20 && *c != 0x7f);
		PROMISE(!errors->at[i].line == !errors->at[i].column);
	}
}

/* Comments apart, it is harmless to a terminal and means the same. */
static void check_shown(const struct policy *policy)
{
	struct policy_errors errors;
	struct policy *again = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	PROMISE(out && !policy_show(out, policy, NULL, NULL) && !fclose(out));
	for (size_t i = 0; i < size; i++)
		PROMISE(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	PROMISE(!policy_load_bytes("shown.yaml", text, size, &again, &errors));
	PROMISE(!strcmp(policy->hash, again->hash));
	policy_free(again);
	free(text);
}

static void check_compared(const struct policy *policy, const struct policy *again)
{
	struct policy *built_in = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool differ = true;

	PROMISE(out && !policy_compare(out, policy, again, &differ) && !differ);
	PROMISE(!fflush(out) && !size);
	PROMISE(!policy_new_default(&built_in));
	PROMISE(!policy_compare(out, built_in, policy, &differ) && !fclose(out));
	PROMISE(differ == (size != 0));
	PROMISE(!differ || strcmp(policy->hash, built_in->hash) != 0);
	policy_free(built_in);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *policy = NULL, *again = NULL;
	struct policy_errors errors;
	int err = policy_load_bytes("fuzz.yaml", (const char *)data, size, &policy, &errors);

	PROMISE(!err || err == -EBADMSG);
	PROMISE(!err == !!policy);
	if (err) {
		check_errors(&errors);
		return 0;
	}
	PROMISE(!errors.n && !errors.more);
	check_policy(policy);
	PROMISE(!policy_load_bytes("fuzz.yaml", (const char *)data, size, &again, &errors));
	PROMISE(!strcmp(policy->hash, again->hash));
	check_shown(policy);
	check_compared(policy, again);
	policy_free(again);
	policy_free(policy);
	return 0;
}
