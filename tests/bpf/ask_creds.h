/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Changes of credentials, as ask() makes them: errno, or 0. */
int ask_setuid(const char *id);
/* The leader and seven threads, one after the other; and all at once. */
int ask_setuid_turns(const char *id);
int ask_setuid_crowd(const char *id);
/* The effective id alone, so that the saved one leads back. */
int ask_seteuid(const char *id);
int ask_seteuid_turns(const char *id);
int ask_seteuid_crowd(const char *id);
/* Ambient capabilities, by number. */
int ask_ambient_lower(const char *number);
int ask_ambient_raise(const char *number);
int ask_ambient_turns(const char *number);
/* Credentials as they are, in a new place: what was opened before has others from then on. */
int ask_keepcaps(const char *none);
