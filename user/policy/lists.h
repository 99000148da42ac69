/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lists of a policy file but `bind:`. A list replaces what stands before it; under
 * capabilities.modules each module's does; usb.allow adds.
 */
#include "policy/fields.h"

enum {
	POLICY_MODULES = 240, /* each name is a class in the kernel, which has 256 */
	POLICY_ALLOWED = 128, /* entries of exec.root.allow, exec.shell.allow and usb.allow */
};

int read_modules(struct reader *reader, const struct field *field, const struct node *value,
		 void *base);
/* A list of capabilities as a mask. */
int read_capabilities(struct reader *reader, const struct field *field, const struct node *value,
		      void *base);
/* A list of texts, each one as field->check wants it, as a NULL-terminated array. */
int read_texts(struct reader *reader, const struct field *field, const struct node *value,
	       void *base);
int read_usb_allow(struct reader *reader, const struct field *field, const struct node *value,
		   void *base);
void texts_free(char **texts);
DEFINE_CLEANUP(char **, texts_free);
