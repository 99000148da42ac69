# SPDX-License-Identifier: Apache-2.0
#
# evmon's build. Everything lands in $(BUILD); nothing is fetched, but the libraries of a foreign
# ARCH, into the cache; `make help` lists the targets.
# A new .c file in a room, a new sensor in bpf/ or a new tests/unit/<room>/test_*.c needs no change here.

VERSION := 0.1.0
GITID := $(shell git --git-dir=.git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)

# ARCH=arm64 or ARCH=armhf: by Debian's cross compiler, with Debian's libraries for that architecture
# in a folder of their own outside of the checkout (tests/vm/sysroot). The host's packages stay as
# they are. What needs no target is the same: BPF objects are made by clang for either.
host_arch := $(shell dpkg --print-architecture 2>/dev/null)
ARCH ?= $(host_arch)
ifneq ($(ARCH),$(host_arch))
triplet := $(strip $(foreach pair,amd64:x86_64-linux-gnu arm64:aarch64-linux-gnu armhf:arm-linux-gnueabihf,\
	$(if $(filter $(ARCH):%,$(pair)),$(word 2,$(subst :, ,$(pair))))))
$(if $(triplet),,$(error ARCH=$(ARCH): amd64, arm64 and armhf can be built for))
BUILD ?= build/$(ARCH)
ifneq ($(if $(MAKECMDGOALS),$(filter-out clean help deps check format,$(MAKECMDGOALS)),all),)
sysroot := $(shell tests/vm/sysroot $(ARCH))
$(if $(sysroot),,$(error ARCH=$(ARCH): no libraries to build with))
endif
CC := $(triplet)-gcc --sysroot=$(sysroot)
# 32-bit: times and offsets of 64 bits, whatever the library's default is.
$(if $(filter armhf,$(ARCH)),$(eval CPPFLAGS += -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64))
endif

BUILD ?= build
$(if $(strip $(BUILD)),,$(error BUILD is empty: what is built would lie in /))
PREFIX ?= /usr
SYSCONFDIR ?= /etc
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DATADIR ?= $(PREFIX)/share
DESTDIR ?=

CLANG ?= clang
BPFTOOL ?= bpftool
LLVM_STRIP ?= llvm-strip
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
AR ?= ar
INSTALL ?= install
CFLAGS ?= -O2 -g
WERROR ?= -Werror

# Debian puts bpftool into /usr/sbin, which is not on every user's path.
export PATH := $(PATH):/usr/sbin:/sbin

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
MAKEFLAGS += --no-print-directory
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

# --- rooms ---------------------------------------------------------------------------------------
# The rooms of user/ from top to bottom, and those that a program with such a room is linked with.
# Who may include whom is less than that: tests/check/layers.sh.

rooms := cmd publish journal alert kernel process policy event base

below_base :=
below_event := base
below_policy := base
below_process := event base
below_kernel := policy base
below_alert := process policy event base
below_journal := alert process policy event base
below_publish := journal alert process policy event base
below_cmd := journal alert kernel process policy event base
below_top := cmd $(below_cmd)

room_src = $(if $(filter top,$(1)),$(filter-out user/main.c,$(wildcard user/*.c)),$(filter-out user/publish/main.c,$(wildcard user/$(1)/*.c)))
room_libs = $(foreach room,$(2) $(below_$(2)),$(1)/lib$(room).a)
objects = $(patsubst %.c,$(1)/%.o,$(2))

user_src := $(wildcard user/*.c user/*/*.c)
bpf_src := $(wildcard bpf/*.bpf.c)
skeletons := $(if $(bpf_src),$(BUILD)/bpf/evmon.skel.h) $(if $(wildcard bpf/nobtf.bpf.c),$(BUILD)/bpf/nobtf.skel.h)
unit_src := $(wildcard tests/unit/*/test_*.c)
unit_help_src := $(wildcard tests/unit/*.c)

libs_room_kernel := -lbpf -lelf -lz
libs_room_policy := -lyaml
libs_room_cmd := -ljson-c
libs_room_base := -lmd
libs_room_publish := -lmosquitto
room_ldlibs = $(foreach room,$(1) $(below_$(1)),$(libs_room_$(room)))

# --- flags ---------------------------------------------------------------------------------------

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wformat=2 \
	-Wvla -Wundef -Wswitch-enum $(WERROR)
version_flag := -DEVMON_VERSION='"$(VERSION)$(if $(GITID),+$(GITID))"'
user_cppflags := -D_GNU_SOURCE -Iuser -Iinclude $(CPPFLAGS)
common_cflags := -std=gnu11 $(warnings) -ffile-prefix-map=$(CURDIR)=.
user_cflags := $(common_cflags) -fPIE -fstack-protector-strong -fno-strict-aliasing
fortify := $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
user_ldflags := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
san_cflags := $(common_cflags) -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=address,undefined
bpf_arch := $(strip $(foreach pair,x86_64:x86 aarch64:arm64 arm:arm riscv64:riscv,\
	$(if $(filter $(word 1,$(subst :, ,$(pair))),$(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))),\
	$(word 2,$(subst :, ,$(pair))))))
bpf_cflags := -target bpf -mcpu=v2 -g -O2 -std=gnu11 -Wall -Wextra -Wno-unused-parameter $(WERROR) \
	-D__TARGET_ARCH_$(bpf_arch) -Iinclude -Ivmlinux -Ibpf -ffile-prefix-map=$(CURDIR)=.

# --- programs ------------------------------------------------------------------------------------

.PHONY: all bpf
all: $(BUILD)/evmon $(BUILD)/evmon-publish
bpf: $(skeletons)

$(BUILD)/evmon: $(BUILD)/user/main.o $(call room_libs,$(BUILD),top)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -o $@ $^ $(call room_ldlibs,top)

$(BUILD)/evmon-publish: $(BUILD)/user/publish/main.o $(call room_libs,$(BUILD),publish)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(user_ldflags) $(LDFLAGS) -o $@ $^ $(call room_ldlibs,publish)

# A room is an archive: a program takes from the rooms beneath it only the members it refers to, so
# evmon-publish gets the journal's reader without what writes it. Archives are made anew each time:
# a member of a deleted file must not live on.
define room_rules
$(BUILD)/lib$(1).a: $(call objects,$(BUILD),$(call room_src,$(1)))
	$$(say) AR $$@
	$$(Q)mkdir -p $$(@D); rm -f $$@ && $$(AR) rcsD $$@ $$^
$(BUILD)/asan/lib$(1).a: $(call objects,$(BUILD)/asan,$(call room_src,$(1)))
	$$(say) AR $$@
	$$(Q)mkdir -p $$(@D); rm -f $$@ && $$(AR) rcsD $$@ $$^
endef
$(foreach room,top $(rooms),$(eval $(call room_rules,$(room))))

$(BUILD)/user/%.o: user/%.c $(BUILD)/flags
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(user_cppflags) $(skeleton) $(version_flag) $(fortify) $(user_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/asan/%.o: %.c $(BUILD)/flags
	$(say) CC-SAN $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(user_cppflags) -Itests/unit $(skeleton) $(version_flag) $(san_cflags) -MMD -MP -c -o $@ $<

# The skeleton is for the room kernel alone. It is generated code, so it comes in as a system header;
# such headers are missing in .d files, hence the explicit dependency.
kernel_objects := $(call objects,$(BUILD),$(call room_src,kernel)) $(call objects,$(BUILD)/asan,$(call room_src,kernel))
$(kernel_objects): skeleton = -isystem $(BUILD)/bpf
$(kernel_objects): $(skeletons)

# What was built with other flags, or says another version, is built again.
version_objects := $(call objects,$(BUILD),$(shell grep -ls EVMON_VERSION $(user_src)))
$(version_objects): $(BUILD)/version

.PHONY: FORCE
stamp = mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) >$@
$(BUILD)/flags: FORCE
	@$(call stamp,'$(CC) $(CFLAGS) $(CPPFLAGS) $(user_cflags) $(CLANG) $(san_cflags) $(bpf_cflags)')
$(BUILD)/version: FORCE
	@$(call stamp,'$(VERSION) $(GITID)')

# --- kernel side ---------------------------------------------------------------------------------
# One object a sensor, compiled apart, linked into one skeleton. nobtf.bpf.c stays an object of its
# own: a single CO-RE relocation makes libbpf demand BTF for the whole object. Kernel types come from
# vmlinux/, never from the build host.

# The file that defines the maps comes first: libbpf 1.1's linker leaves a definition that it meets
# after its `extern` out of the BTF of .maps, and the object then does not open.
linked_bpf := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.o,$(filter bpf/maps.bpf.c,$(bpf_src)) \
	$(filter-out bpf/maps.bpf.c bpf/nobtf.bpf.c,$(bpf_src)))

$(BUILD)/bpf/%.o: bpf/%.bpf.c $(BUILD)/flags
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_cflags) -MMD -MP -c -o $@ $<

$(BUILD)/bpf/evmon.bpf.o: $(linked_bpf)
	$(say) BPF-LINK $@
	$(Q)$(BPFTOOL) gen object $@ $^
	$(Q)$(LLVM_STRIP) -g $@

$(BUILD)/bpf/nobtf/%.o: bpf/%.bpf.c $(BUILD)/flags
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_cflags) -DEVMON_NO_BTF -MMD -MP -c -o $@ $<

# What it shares with the others is compiled a second time, without what asks for BTF.
$(BUILD)/bpf/nobtf.bpf.o: $(addprefix $(BUILD)/bpf/nobtf/,maps.o emit.o nobtf.o)
	$(say) BPF-LINK $@
	$(Q)$(BPFTOOL) gen object $@ $^
	$(Q)$(LLVM_STRIP) -g $@

# Generated code is not for clang-tidy to judge.
$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)echo '/* NOLINTBEGIN */' >$@
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >>$@
	$(Q)echo '/* NOLINTEND */' >>$@

# --- unit tests ----------------------------------------------------------------------------------
# tests/unit/<room>/test_x.c is one program, under ASan and UBSan, with its room and those beneath.
# tests/unit/*.c are helpers for all of them.

unit_programs := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(unit_src))

$(BUILD)/asan/libunit.a: $(call objects,$(BUILD)/asan,$(unit_help_src))
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

.SECONDEXPANSION:
room_of = $(notdir $(patsubst %/,%,$(dir $(1))))
$(BUILD)/tests/unit/%: $(BUILD)/asan/tests/unit/%.o $(BUILD)/asan/libunit.a \
		$$(call room_libs,$(BUILD)/asan,$$(call room_of,$$*))
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(san_cflags) -o $@ $^ -Wl,--as-needed $(call room_ldlibs,$(call room_of,$*)) -lcmocka

.PHONY: unit unit-programs
unit-programs: $(unit_programs)
unit: $(unit_programs)
	@tests/run unit

# `make unit-base` for one room.
unit_rooms := $(addprefix unit-,top $(rooms))
.PHONY: $(unit_rooms)
unit_of = $(filter $(BUILD)/tests/unit/$(1)/%,$(unit_programs))
$(unit_rooms): unit-%: $$(call unit_of,$$*)
	@tests/run unit $*

# --- tests ---------------------------------------------------------------------------------------
# A directory of tests with programs of its own adds them to test_programs in a fragment, *.mk; their
# objects, $(BUILD)/tests/DIR/x.o, are made by the rule here. The stand-in tree has the target `sim`.

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(user_cppflags) $(version_flag) $(fortify) $(user_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

test_programs :=
.PHONY: sim tests
sim:
-include $(sort $(wildcard tests/*/*.mk))
tests: $(test_programs) sim

export BUILD CC CLANG BPFTOOL CLANG_FORMAT CLANG_TIDY

.PHONY: check test test-all demo deps
check:
	@tests/run check

deps:
	@.ci/deps

test:
	@.ci/deps
	@tests/run all

test-all:
	@.ci/deps
	@EVMON_TEST_FULL=1 tests/run all

demo:
	@.ci/deps
	@$(MAKE) all sim
	@BUILD=$(abspath $(BUILD)) tests/e2e/demo.sh

# --- the rest ------------------------------------------------------------------------------------

c_files = $(filter-out vmlinux/%,$(shell git ls-files -co --exclude-standard '*.c' '*.h'))
man_pages := $(wildcard docs/man/*.[1-8])
policies := $(wildcard policies/*.yaml)
units := $(wildcard packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.path packaging/systemd/*.timer)

.PHONY: format tidy install install-files clean help
format:
	$(CLANG_FORMAT) -i $(c_files)

tidy: $(skeletons)
	@tests/run tidy

install: all install-files
	$(INSTALL) -d $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 0755 $(BUILD)/evmon $(BUILD)/evmon-publish $(DESTDIR)$(BINDIR)

# What is not built. Units name the programs by their place in /usr; another PREFIX is put in.
install-files:
	$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/evmon $(DESTDIR)$(UNITDIR)
	$(foreach unit,$(units),sed 's|/usr/bin/evmon|$(BINDIR)/evmon|' $(unit) >$(DESTDIR)$(UNITDIR)/$(notdir $(unit)) && \
		chmod 0644 $(DESTDIR)$(UNITDIR)/$(notdir $(unit)) && )true
	$(INSTALL) -D -m 0644 packaging/systemd/evmon.sysusers $(DESTDIR)$(SYSUSERSDIR)/evmon.conf
	$(INSTALL) -D -m 0644 packaging/systemd/evmon.tmpfiles $(DESTDIR)$(TMPFILESDIR)/evmon.conf
	$(INSTALL) -D -m 0644 packaging/systemd/evmon.catalog $(DESTDIR)$(CATALOGDIR)/evmon.catalog
	$(foreach policy,$(policies),$(INSTALL) -D -m 0644 $(policy) $(DESTDIR)$(DATADIR)/evmon/policies/$(notdir $(policy)) && )true
	$(foreach page,$(man_pages),$(INSTALL) -D -m 0644 $(page) $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) && )true

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build $(BUILD)/evmon and $(BUILD)/evmon-publish (V=1 shows the commands)'
	@echo 'make deps       install what is missing from Debian (root)'
	@echo 'make check      the quick checks: style, layers, layouts, hooks, scripts, man pages'
	@echo 'make unit       unit tests under ASan and UBSan; make unit-ROOM for one room'
	@echo 'make test       everything, at most 45 minutes; make test-all with full counts and kernels'
	@echo 'make demo       evmon beside the stand-in tree on this machine'
	@echo 'make install    into DESTDIR and PREFIX'
	@echo 'make format     clang-format on all C files; make tidy for clang-tidy'
	@echo 'make clean      remove $(BUILD)'
	@echo 'make ARCH=arm64 (or armhf) all tests: cross built into build/arm64; the libraries are fetched, not installed'
	@echo 'Variables: ARCH BUILD CC CLANG BPFTOOL LLVM_STRIP CFLAGS LDFLAGS WERROR= V=1'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
