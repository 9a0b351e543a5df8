# Reprise: build, run and test. `make help` lists the targets.

SWIFT ?= swift
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help serve demo build check test test-release test-sanitizers fuzz bench worker worker-serve worker-test sdk-environment lint format clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

serve: build ## Build, then serve on http://127.0.0.1:8787; flags go in ARGS="..."
	@exec "$$($(SWIFT) build -c release --show-bin-path)/reprise" serve $(ARGS)

demo: build ## Build, then show a miss and a hit without an API key
	@exec "$$($(SWIFT) build -c release --show-bin-path)/reprise" demo $(ARGS)

build: ## Install what is missing and build the release binary
	@scripts/install-dependencies
	$(SWIFT) build -c release --product reprise

check: lint ## Check the format and the core, in under a minute
	@scripts/install-dependencies
	@scripts/core-for-wasm
	REPRISE_TESTS=RepriseCoreTests $(SWIFT) test --scratch-path .build/check

test: ## Run every test: Swift, the official SDKs, the Worker; REPRISE_TRAFFIC=FOLDER adds the replay
	@scripts/install-dependencies --tests
	@scripts/test
	@$(MAKE) --no-print-directory worker-test

test-release: build ## Test the release build as a user would
	@scripts/install-dependencies --tests
	@scripts/test-release

test-sanitizers: ## Run the tests under AddressSanitizer and ThreadSanitizer
	@scripts/install-dependencies --tests
	@scripts/test-sanitizers

worker: ## Build the Cloudflare Worker into Worker/dist
	@Worker/build

worker-serve: worker ## Run the Worker on http://localhost:8787 (PORT, DEFAULT_UPSTREAM, ... from the environment)
	@exec node Worker/local/serve.mjs

worker-test: worker sdk-environment ## Test the Worker: parity with native code, end to end, the SDK
	@Worker/Tests/run

sdk-environment: .venv/installed ## Make the Python environment of the SDK tests

.venv/installed: Tests/SDK/requirements.txt
	python3 -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --requirement Tests/SDK/requirements.txt
	@touch $@

fuzz: ## Try random requests on the hit path for FUZZ_SECONDS (600), from FUZZ_SEED if it is set
	REPRISE_FUZZ_SECONDS=$(FUZZ_SECONDS) REPRISE_FUZZ_SEED=$(FUZZ_SEED) $(SWIFT) test \
		--filter '(HTTP1ParserFuzz|FastPathDifferential)Tests'

bench: ## Measure Reprise beside its peers, in about fifteen minutes; flags go in ARGS="..."
	@Benchmarks/run $(ARGS)

lint: ## Check the format of the Swift sources
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

format: ## Rewrite the Swift sources in the house format
	$(SWIFT) format format --in-place --recursive Sources Tests Package.swift

clean: ## Delete everything that was built
	rm -rf .build .venv Worker/.build Worker/dist
