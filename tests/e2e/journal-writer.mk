# SPDX-License-Identifier: Apache-2.0
#
# Writes a journal as the daemon does, on command.

test_programs += $(BUILD)/tests/e2e/journal-writer

$(BUILD)/tests/e2e/journal-writer: $(BUILD)/tests/e2e/journal-writer.o $(call room_libs,$(BUILD),journal)
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -o $@ $^ $(call room_ldlibs,journal)
