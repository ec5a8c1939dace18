# Sampan's tasks. `make` lists them. Everything that is built or downloaded goes to build/.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BUILD := build
GO ?= go
export CGO_ENABLED ?= 0

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# The packages where goroutines or processes meet; they run under the race detector too.
RACE := ./vec/... ./targets/... ./smc/... ./proto/... ./plugins/... ./host/...

include proto/Makefile.inc
include plugins/python/Makefile.inc
include vec/Makefile.inc
include vec/peers/Makefile.inc

.PHONY: help
help: ## list the tasks
	@awk -F ':.*## ' '/^[a-zA-Z0-9_-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the binary, build/sampan
	@mkdir -p $(BUILD)
	$(GO) build -trimpath -o $(BUILD)/sampan .

.PHONY: demo
demo: build ## a sampler learns a density with 32 modes, each in a process of its own, and is held against tempering
	$(BUILD)/sampan run docs/examples/demo.toml

.PHONY: test
test: test-go test-python ## the default test suite

.PHONY: test-go
test-go: python-env ## the Go tests alone
	SAMPAN_PYTHON=$(PYTHON_ENV)/bin/python $(GO) test -timeout 10m ./...
	SAMPAN_CPU=generic $(GO) test -count=1 ./vec/...
	@if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then echo "SAMPAN_CPU=avx2 $(GO) test -count=1 ./vec/..."; SAMPAN_CPU=avx2 $(GO) test -count=1 ./vec/...; fi

.PHONY: race
race: python-env ## the packages where goroutines or processes meet, under the race detector
	CGO_ENABLED=1 SAMPAN_PYTHON=$(PYTHON_ENV)/bin/python $(GO) test -race -short -timeout 10m $(RACE)

.PHONY: test-long
test-long: test-python-long ## JAX and PyTorch in the Python SDK; learned samplers on every posterior; the Go suite on the lower levels of the vector core
	SAMPAN_LONG=1 $(GO) test -count=1 -timeout 3h -run TestPosteriors -v ./host/cli
	SAMPAN_CPU=generic SAMPAN_PYTHON=$(PYTHON_ENV)/bin/python $(GO) test -count=1 -timeout 30m ./...
	@if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then SAMPAN_CPU=avx2 SAMPAN_PYTHON=$(PYTHON_ENV)/bin/python $(GO) test -count=1 -timeout 30m ./...; fi

.PHONY: validate
validate: build ## log Z over many seeds against exact values; writes docs/results/validate.md (about an hour)
	SAMPAN_VALIDATE=docs/results/validate.md $(GO) test -count=1 -timeout 4h -run TestValidate -v ./host/validate

.PHONY: tables
tables: ## learned samplers against published figures; writes docs/results/samplers.md (an hour and more; SEEDS=3, ONLY=regexp, NEW=1 goes on)
	SAMPAN_TABLES=docs/results/samplers.md SAMPAN_TABLES_SEEDS=$(SEEDS) SAMPAN_TABLES_ONLY='$(ONLY)' SAMPAN_TABLES_NEW=$(NEW) SAMPAN_TABLES_PYTHON='$(SAMPAN_TABLES_PYTHON)' $(GO) test -count=1 -timeout 8h -run TestTables -v ./host/tables

.PHONY: tables-phi4
tables-phi4: build ## the φ⁴ lattice over its hopping parameter; writes docs/results/phi4.md, .json, .svg (12 CPU minutes; ONLY=new goes on, ONLY=page writes the page)
	SAMPAN_PHI4=docs/results/phi4.md SAMPAN_PHI4_ONLY='$(ONLY)' $(GO) test -count=1 -timeout 2h -run TestPhi4 -v ./host/tables/phi4

.PHONY: tables-prototypes
tables-prototypes: $(PROTOTYPES_ENV)/.stamp ## the learned samplers' CPU time beside that of the prototypes in JAX, which are not part of this repository
	$(MAKE) tables ONLY='^Beside the prototypes' SAMPAN_TABLES_PYTHON=$(PROTOTYPES_ENV)/bin/python

.PHONY: bench
bench: python-env ## the wire, the leapfrog loop, the targets and the vector core, each against a loop of the same run
	SAMPAN_PYTHON=$(PYTHON_ENV)/bin/python $(GO) test -run '^$$' -bench . -benchtime 0.2s -count 3 ./host/plugin
	$(GO) test -run '^$$' -bench HMC -benchtime 0.2s -count 3 ./smc/mcmc
	$(GO) test -run '^$$' -bench . -benchtime 0.1s ./targets ./smc/diag
	$(GO) test -run '^$$' -bench . -benchtime 1x ./vec/... ./plugins/diffusion/chain ./plugins/diffusion/pde # these take medians of their own

.PHONY: lint
lint: ## format, vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)
