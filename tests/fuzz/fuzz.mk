# SPDX-License-Identifier: Apache-2.0
#
# libFuzzer targets: tests/fuzz/fuzz_X.c is built with the room named in fuzz_room_X, instrumented,
# under ASan and UBSan. `make fuzz FUZZ_SECONDS=60` runs each on its seeds and goes on from what it
# found before; FUZZ_RUNS=N makes the same N runs each time, from the seeds alone, in FUZZ_SECONDS at
# most if that is given, too. What it finds is left in $(BUILD)/fuzz.

FUZZ_SECONDS ?= $(if $(FUZZ_RUNS),,20)
# One run of a slow target counts as so many.
fuzz_worth_journal := 64
fuzz_limits = $(if $(FUZZ_RUNS),-seed=1 -runs=$(shell expr $(FUZZ_RUNS) / $(or $(fuzz_worth_$(1)),1))) \
	$(if $(FUZZ_SECONDS),-max_total_time=$(FUZZ_SECONDS))
fuzz_corpus = $(BUILD)/fuzz/$(if $(FUZZ_RUNS),smoke,corpus)/$(1)

fuzz_room_decode := event
fuzz_room_uevent := event
fuzz_room_descriptors := process
fuzz_room_escape := base
fuzz_room_cursor := journal
fuzz_room_journal := journal
fuzz_room_policy := policy
fuzz_seeds_policy := tests/policies/good tests/policies/bad
fuzz_room_everest_config := policy
fuzz_seeds_everest_config := tests/everest-sim/configs tests/policies/everest

fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_cflags := $(common_cflags) -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=address,undefined,fuzzer-no-link

$(BUILD)/fuzz/%.o: %.c $(BUILD)/flags
	$(say) CC-FUZZ $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(user_cppflags) $(version_flag) $(fuzz_cflags) -MMD -MP -c -o $@ $<

define fuzz_rules
$(BUILD)/fuzz/fuzz_$(1): $(BUILD)/fuzz/tests/fuzz/fuzz_$(1).o \
		$(foreach room,$(fuzz_room_$(1)) $(below_$(fuzz_room_$(1))),\
		$(call objects,$(BUILD)/fuzz,$(call room_src,$(room))))
	$$(say) LINK $$@
	$$(Q)$$(CLANG) $$(fuzz_cflags) -fsanitize=fuzzer -o $$@ $$^ -Wl,--as-needed \
		$(call room_ldlibs,$(fuzz_room_$(1)))

.PHONY: fuzz-$(1)
fuzz-$(1): $(BUILD)/fuzz/fuzz_$(1)
	@$(if $(FUZZ_RUNS),rm -rf $(fuzz_corpus))
	@mkdir -p $(fuzz_corpus)
	@$(BUILD)/fuzz/fuzz_$(1) $$(call fuzz_limits,$(1)) -timeout=60 -rss_limit_mb=2048 \
		-print_final_stats=1 -verbosity=0 -artifact_prefix=$(BUILD)/fuzz/$(1)- \
		$(addprefix -dict=,$(wildcard tests/fuzz/$(fuzz_room_$(1)).dict)) \
		$(fuzz_corpus) $(fuzz_seeds_$(1))
endef
$(foreach name,$(fuzz_names),$(eval $(call fuzz_rules,$(name))))

.PHONY: fuzz
fuzz: $(addprefix fuzz-,$(fuzz_names))
