# Every target installs what it lacks first and builds only what changed.
.DEFAULT_GOAL := help
.PHONY: help build debug run test check vocabularies bench bench-check crash-test format clean
SHELL := /bin/bash

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Exclusive access is checked while the tests run; see docs/decisions/0008.
release_flags := --configuration release --product ebb --static-swift-stdlib \
	-Xswiftc -enforce-exclusivity=unchecked -Xswiftc -cross-module-optimization

build: ## build the release binary, .build/release/ebb
	@Scripts/install-dependencies build
	@swift build $(release_flags) --quiet
	@echo ".build/release/ebb"

debug: # the binary with failpoints, and the tests; the same build as Scripts/check makes
	@Scripts/install-dependencies build
	@swift build --build-tests --quiet

run: build ## build, start a simulated engine and a gateway in front of it, and show what they do
	@EBB_BINARY="$(CURDIR)/.build/release/ebb" Scripts/demo

test: ## build and run all tests; the last line is "N passed, N failed"
	@Scripts/check tests

check: ## format lint and pure tests first, then all that "make test" does
	@Scripts/check

vocabularies: ## fetch the rank files for exact token counts into .cache/vocabularies
	@Scripts/install-dependencies test
	@Scripts/fetch-vocabularies

bench: build ## measure the gateway and its peers side by side
	@Scripts/install-dependencies bench
	@EBB_BINARY="$(CURDIR)/.build/release/ebb" Benchmarks/run

bench-check: build ## measure and compare with the recorded thresholds
	@Scripts/install-dependencies bench
	@EBB_BINARY="$(CURDIR)/.build/release/ebb" Benchmarks/check

crash-test: debug ## kill the gateway at 50 random moments of a batch; nothing may be lost or doubled
	@Scripts/install-dependencies test
	@EBB_BINARY="$(CURDIR)/.build/debug/ebb" Scripts/crash-test

format: ## format the Swift sources in place
	@swift format --in-place --parallel --recursive Sources Tests Package.swift

clean: ## remove what was built; fetched files in .cache stay
	@rm -rf .build .build-pure .cache/check
