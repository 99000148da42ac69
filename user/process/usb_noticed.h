/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often each device was noticed, by vendor, product and port, held against what somebody else
 * has counted: attachments that the one has and the other has not. The two do not count at the same
 * moment, so what is missing is believed when it is missing at two looks one after the other.
 */
#include "process/usb.h"

enum {
	USB_NOTICED_MAX = 1024 /* devices beyond are not compared */
};

struct usb_noticed;

int usb_noticed_new(struct usb_noticed **ret_noticed);
void usb_noticed_free(struct usb_noticed *noticed);
DEFINE_CLEANUP(struct usb_noticed *, usb_noticed_free);

/* One more attachment was noticed. */
void usb_noticed_add(struct usb_noticed *noticed, const struct usb_device *device);
/* How many were, those told by usb_noticed_missing() included. */
uint64_t usb_noticed_count(struct usb_noticed *noticed, const struct usb_device *device);
/* So many were noticed before, by somebody who is not there any more. */
void usb_noticed_recall(struct usb_noticed *noticed, const struct usb_device *device,
			uint64_t count);
/* Attached when the other began to count. */
void usb_noticed_present(struct usb_noticed *noticed, const struct usb_device *device);
/* A look: begin, then each device that was counted with its count; what comes back are attachments
 * that nobody noticed, which are noticed thereby. */
void usb_noticed_look(struct usb_noticed *noticed);
uint64_t usb_noticed_missing(struct usb_noticed *noticed, const struct usb_device *device,
			     uint64_t count);
