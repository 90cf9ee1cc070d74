# Everything here needs Go, git and make, and nothing else. `make` alone lists the words.

GO          ?= go
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS     := -s -w -X main.version=$(VERSION)
# Without two checks: the sandbox says what others say in their own words (ST1005), and serves
# APIs that are deprecated and still asked for (SA1019).
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2 -checks inherit,-ST1005,-SA1019
PLATFORMS   := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# The race detector wants cgo, and cgo a C compiler: where there is none, Go says 0 by itself.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.DEFAULT_GOAL := help
.PHONY: help demo test build lint cross bench fuzz crash soak judge clean

help: ## list these words
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

demo: build ## run the whole walkthrough against the embedded sandbox: no account, seconds
	bin/cctui --auto --sandbox

test: ## run the tests (with the race detector where a C compiler is there)
	$(GO) test $(RACE) -timeout 30m ./...

build: ## build bin/cctui, stripped
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/cctui

lint: ## check formatting, vet, staticcheck, and that Windows and macOS build
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/cctui
	GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/cctui

cross: ## build for every platform, into dist/
	@for platform in $(PLATFORMS); do \
		echo "build $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' \
			-o dist/$$platform/ ./cmd/cctui || exit 1; \
	done

bench: build ## measure makespan, sandbox run, start, screens and tail (about six minutes)
	$(GO) test -p 1 -run '^$$' -bench . -benchtime 3x ./...

# Inputs that are found interesting are not made small first: that would take most of the time.
FUZZTIME ?= 60s
fuzz: ## throw bytes at every parser of foreign bytes, each for FUZZTIME (60s: about half an hour)
	@grep -r --include='*_test.go' --exclude-dir=judge -o '^func Fuzz[A-Za-z]*' . | sort | sed 's|^\(.*\)/[^/]*:func \(.*\)|\1 \2|' | while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test "$$package" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x || exit 1; \
	done

crash: ## kill cctui at every request and every write of its journal, and resume it; clean up what is half gone (about half an hour)
	cd cmd/cctui && CCTUI_CRASH=full $(GO) test -v -count=1 -timeout 3h -parallel 2 -run '^Test(Killed$$|Cleanup)' .

soak: ## send 200 walkthroughs through storms of random faults (RUNS, SEED; about half an hour)
	cd cmd/cctui && CCTUI_SOAK=$(or $(RUNS),200) CCTUI_SOAK_SEED=$(or $(SEED),1) $(GO) test -v -count=1 -timeout 3h -parallel 6 -run '^TestSoak$$' .

judge: ## hold the adapters against a real kube-apiserver, and Kafka where a JDK and Maven are there (cold: 15 CPU-minutes)
	cd judge && $(GO) test -count=1 -timeout 40m -v ./...

clean: ## remove what was built
	rm -rf bin dist
