/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The judgement on USB devices, which is user space's for this sensor. */
#include "policy/policy.h"
#include "process/usb.h"

/* The rule that an attachment breaks and its severity; EVMON_RULE_NONE where the policy's allow
 * list has the device. hid before storage before other. */
enum evmon_rule usb_judge(const struct policy *policy, const struct usb_device *device,
			  enum severity *ret_severity);
