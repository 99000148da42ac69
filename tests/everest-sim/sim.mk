# SPDX-License-Identifier: Apache-2.0
#
# The stand-in EVerest tree: `make sim` installs it at $(BUILD)/sim. The top Makefile includes this;
# alone, `make -f tests/everest-sim/sim.mk` does the same. SIM_LDFLAGS=-static makes programs that
# need nothing of a virtual machine (users must then be given by number).

BUILD ?= build
CFLAGS ?= -O2 -g
WERROR ?= -Werror
SIM_LDFLAGS ?=
Q ?= @
say ?= @printf '  %-8s %s\n'

# Every module is a file of its own: evmon tells modules by the inode of their executable.
sim_modules := EvseManager EvseSlac EvSlac Setup PacketSniffer EvseV2G Evse15118D20 EnergyManager \
	Auth OCPP201 RpcApi PersistentStore InfyPower System EvseSecurity

# Modules that an interpreter runs. What stands for python3 and node is the module once more: virtual
# machines have neither, and a monitor looks at the script's path only.
sim_scripts := PyEvJosev/module.py PyPersistence/module.py JsEvManager/index.js

sim_dir := tests/everest-sim
sim_obj := $(BUILD)/sim-obj
sim_bin := $(BUILD)/sim/bin
sim_libexec := $(BUILD)/sim/libexec/everest
sim_deeds := deeds deeds_bind deeds_cap deeds_exec deeds_lineage deeds_pass control caps net text

sim_programs := $(sim_bin)/manager $(sim_bin)/controller $(sim_bin)/misdeed $(sim_libexec)/rooted \
	$(foreach module,$(sim_modules),$(sim_libexec)/modules/$(module)/$(module)) \
	$(sim_bin)/python3 $(sim_bin)/node $(sim_libexec)/modules/PyEvJosev/.venv/bin/python3 \
	$(foreach script,$(sim_scripts),$(sim_libexec)/modules/$(script))

sim_cflags := -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wcast-qual -Wformat=2 -Wvla -Wundef -Wswitch-enum $(WERROR) -D_GNU_SOURCE -pthread

.PHONY: sim
sim: $(sim_programs)

sim_objects = $(patsubst %,$(sim_obj)/%.o,$(1))

$(sim_bin)/manager: $(call sim_objects,manager tree spawn script config broker threads user caps text)
$(sim_bin)/manager: sim_libs := -lyaml
$(sim_bin)/controller: $(call sim_objects,controller net threads text)
$(sim_bin)/misdeed: $(call sim_objects,misdeed $(sim_deeds))
$(sim_libexec)/rooted: $(call sim_objects,rooted)
# Tests execute it by the thousand: emulated, a dynamic program takes three times as long to start.
$(sim_libexec)/rooted: sim_libs := -static
$(sim_obj)/module: $(call sim_objects,module script habits keys broker threads $(sim_deeds))

$(sim_bin)/manager $(sim_bin)/controller $(sim_bin)/misdeed $(sim_libexec)/rooted $(sim_obj)/module:
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SIM_LDFLAGS) -pthread -o $@ $(filter %.o,$^) $(sim_libs)

$(foreach script,$(sim_scripts),$(sim_libexec)/modules/$(script)):
	$(Q)mkdir -p $(@D)
	$(Q)echo "stands for a script" >$@

$(sim_libexec)/modules/PyEvJosev/.venv/bin/python3: $(sim_bin)/python3
	$(Q)mkdir -p $(@D)
	$(Q)ln -sfn ../../../../../../bin/python3 $@

$(sim_bin)/python3 $(sim_bin)/node: $(sim_obj)/module
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && cp $< $@

$(sim_libexec)/modules/%: $(sim_obj)/module
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && cp $< $@

$(sim_obj)/%.o: $(sim_dir)/%.c $(sim_dir)/sim.mk
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(sim_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(sim_obj)/*.d)
