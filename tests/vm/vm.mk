# SPDX-License-Identifier: Apache-2.0
#
# What the test machines bring along that no package has.

test_programs += $(BUILD)/tests/vm/guest/uevents

$(BUILD)/tests/vm/guest/uevents: $(BUILD)/tests/vm/guest/uevents.o
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -o $@ $^
