/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The generated skeletons, with the types that they name; for skeleton.c alone. */
#include "evmon/listener.h"
#include "evmon/offsets.h"
#include "evmon/policy_maps.h"
#include "evmon/task.h"

/* bpftool's own text: it casts away const. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "evmon.skel.h"
#include "nobtf.skel.h"
#pragma GCC diagnostic pop
