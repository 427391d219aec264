# SPDX-License-Identifier: Apache-2.0
#
# Thin verbs over CMake, CTest and scripts/. `make help` lists them.
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory

# Make's own default is g++; the catalogue's `thread-safety` leg needs clang.
ifeq ($(origin CXX),default)
  CXX := clang++-19
endif
SANITIZE ?=
JOBS ?= $(shell nproc)
S ?=
SEEDS ?= 20
TIMES ?= 100
ARGS ?=
PREFIX ?= /usr/local

ifeq ($(SANITIZE),)
  PRESET := default
  BUILD := build
else ifeq ($(SANITIZE),address)
  PRESET := asan
  BUILD := build-asan
else
  $(error SANITIZE=$(SANITIZE) is not known; use SANITIZE=address or leave it out)
endif

build = cmake --build $(BUILD) -j $(JOBS)

## all      build everything into build/ (what is needed is installed first, if missing)
all: configure
	@$(build)

## race     run the catalogue under every leg; S=family/pitfall for one, ARGS='--seed 7' for options
race: configure
	@$(build) --target catalogue
	@$(BUILD)/bin/chicane run $(S) $(ARGS)

## test     run every test; SANITIZE=address checks the harness itself, ARGS='-L locks' selects
test: all
ifeq ($(SANITIZE),address)
	@echo 'Left out under AddressSanitizer: scenarios and tests labelled "engine"; their programs'
	@echo 'run on fibers and are instrumented for ThreadSanitizer, which cannot be combined.'
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -LE '^engine$$' $(ARGS)
else
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) $(ARGS)
endif

## bench    run the benchmarks on one core; ARGS='--benchmark_filter=mutex' selects
bench: configure
	@$(build) --target chicane_bench
	@scripts/bench $(BUILD) $(ARGS)

## soak     run the catalogue with 20 seeds (SEEDS=100 for more), replay each witness 100 times,
##          hold the race detectors against brute force on 100,000 random programs (PROGRAMS=1000)
soak: configure
	@$(build) --target catalogue differential
	@for test in differential_sched differential_tsan; do \
	  if [ -x $(BUILD)/bin/$$test ]; then $(BUILD)/bin/$$test --programs $(or $(PROGRAMS),100000) || exit 1; \
	  else echo "left out: $$test (it needs clang)"; fi; \
	done
	@CHICANE=$(BUILD)/bin/chicane scripts/soak-seeds $(SEEDS) $(S) $(ARGS)
	@$(BUILD)/bin/chicane run --no-diagnoses --no-matrix --witness-dir $(BUILD)/soak $(S) $(ARGS)
	@CHICANE=$(BUILD)/bin/chicane scripts/soak-witnesses $(TIMES) $(BUILD)/soak

## soak-real  10,000 schedules of each test of libraries that nobody here wrote (N=1000 for fewer)
soak-real: all
	@BUILD=$(BUILD) scripts/soak-real $(N)

## install  put it into PREFIX (default /usr/local) below DESTDIR: commands, runtime, CMake package
install: configure
	@$(build) --target chicane_package
	@cmake --install $(BUILD) --prefix '$(PREFIX)'

## format   format every C++ file (scripts/format --check only looks)
format: setup
	@scripts/format

## tidy     run clang-tidy over the harness
tidy: configure
	@scripts/tidy $(BUILD)

## setup    install what is missing, from Debian packages
setup:
	@scripts/setup

## clean    remove what was built
clean:
	@rm -rf build build-asan

## help     this list; CXX=g++-12 (or clang++-16, ...) chooses the compiler, JOBS=1 saves memory
help:
	@sed -n 's/^## /  /p' $(firstword $(MAKEFILE_LIST))

# Once per build folder and compiler; afterwards ninja itself notices changed CMake files.
configure: setup
	@if [ ! -f $(BUILD)/build.ninja ] || [ "$$(cat $(BUILD)/.compiler 2>/dev/null)" != '$(CXX)' ]; then \
	  command -v '$(CXX)' >/dev/null || { \
	    echo 'make: there is no compiler "$(CXX)"; scripts/setup installs clang++-19' >&2; exit 2; }; \
	  cmake --preset $(PRESET) --fresh -DCMAKE_CXX_COMPILER='$(CXX)' && \
	  echo '$(CXX)' > $(BUILD)/.compiler; \
	fi

.PHONY: all race test bench soak soak-real install format tidy setup clean help configure
