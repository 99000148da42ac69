# SPDX-License-Identifier: Apache-2.0
#
# Tests of the kernel side against the running kernel. They come in by the room kernel's own door and
# look behind it (kernel/internal.h), so they see the skeleton as that room does.

bpf_tests := $(patsubst tests/bpf/%.c,%,$(wildcard tests/bpf/test_*.c))
bpf_test_programs := $(addprefix $(BUILD)/tests/bpf/,$(bpf_tests))
test_programs += $(bpf_test_programs) $(BUILD)/tests/bpf/actor

bpf_test_objects := $(patsubst %,$(BUILD)/tests/bpf/%.o,$(bpf_tests) world kept told)
$(bpf_test_objects): user_cppflags += -isystem $(BUILD)/bpf
$(bpf_test_objects): $(skeletons)

$(bpf_test_programs): $(BUILD)/tests/bpf/%: $(BUILD)/tests/bpf/%.o $(BUILD)/tests/bpf/world.o $(BUILD)/tests/bpf/kept.o \
		$(BUILD)/libkernel.a $(BUILD)/libpolicy.a $(BUILD)/libevent.a $(BUILD)/libbase.a
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -o $@ $^ $(call room_ldlibs,kernel) -lcmocka

# Compare the whole of a record.
$(addprefix $(BUILD)/tests/bpf/,test_exec_ways test_exec_rights): $(BUILD)/tests/bpf/told.o

# Counts what the verifier does in the logs that the room kernel asks for.
$(BUILD)/tests/bpf/test_verifier: user_ldflags += -Wl,--wrap=bpf_program__set_log_buf,--wrap=skeleton_load

$(BUILD)/tests/bpf/actor: $(BUILD)/tests/bpf/actor.o $(BUILD)/tests/bpf/ask.o $(BUILD)/tests/bpf/way.o \
		$(BUILD)/tests/bpf/uring.o $(BUILD)/tests/bpf/leader.o $(BUILD)/tests/bpf/ask_creds.o \
		$(BUILD)/tests/bpf/ask_sockets.o $(BUILD)/tests/bpf/execs.o
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -pthread -o $@ $^
