/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Loading takes the verifier seconds on an emulated machine: a program's tests share a kernel. */
struct kernel;
struct kernel_options;

/* Loaded, attached (with what denies) and empty, as if nothing had happened yet; kept for the next
 * test. Fails the test that calls it if it can't. */
struct kernel *kept_kernel(const struct kernel_options *options,
			   void (*made)(struct kernel *kernel));
/* Forgets the kernel: it is the caller's now, and the next one is a new one. */
void kept_forget(const struct kernel *kernel);
void kept_free(void);
