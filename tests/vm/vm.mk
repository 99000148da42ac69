# SPDX-License-Identifier: Apache-2.0
#
# What the test machines bring along that no package has.

guest_programs := $(addprefix $(BUILD)/tests/vm/guest/,forge opened uevents)
test_programs += $(guest_programs)

$(guest_programs): $(BUILD)/tests/vm/guest/%: $(BUILD)/tests/vm/guest/%.o
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -o $@ $^
