# Every target does the set-up it needs and may be run again at any time.

.DEFAULT_GOAL := help
.PHONY: help build install test lint phpt memcheck conformance xmpp bench demo clean

# Another PHP than the one of the PATH: PHP_CONFIG=/opt/php/bin/php-config. Build scripts run in other folders, so they get an
# absolute path.
ifneq ($(PHP_CONFIG),)
php_config := $(shell command -v $(PHP_CONFIG))
$(if $(php_config),,$(error PHP_CONFIG: there is no program $(PHP_CONFIG)))
override export PHP_CONFIG := $(abspath $(php_config))
export PHP := $(or $(PHP),$(shell $(PHP_CONFIG) --php-binary))
endif

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the extension and the gateway, in target/release/
	scripts/setup build
	cargo build --release --locked --package rsso --package rsso-cli

install: ## what `make build` has made, for the PHP that it was made for; DESTDIR, PREFIX, PHP_CONFIG
	scripts/install

test: build ## all tests, against every store
	scripts/setup test
	scripts/test

lint: ## formatting, clippy, links in the documentation, shell scripts, licences of the dependencies
	scripts/setup build lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --package rsso-relay --package rsso-cli --no-default-features --all-targets -- -D warnings
	cargo clippy --package rsso --package rsso-stores --lib --no-default-features \
		--features rsso/sqlite,rsso/redis -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
		cargo doc --quiet --workspace --no-deps --document-private-items
	shellcheck -x $(SHELL_SCRIPTS)
	cargo deny --log-level error check licenses bans sources

phpt: build ## the PHP tests only; TESTS="redis session/roundtrip" chooses
	scripts/setup test
	scripts/phpt $(TESTS)

memcheck: build ## the PHP tests under valgrind (slow)
	scripts/setup test lint
	MEMCHECK=1 scripts/phpt $(TESTS)

conformance: build ## PHP's own session tests only; STORES="sqlite" chooses
	scripts/setup test
	scripts/conformance $(STORES)

xmpp: ## only the tests of the XMPP bridge against Prosody and ejabberd; RSSO_TRIES=200 for as many kicks
	scripts/setup build test
	cargo nextest run --package rsso-relay --package rsso-cli --lib --test program xmpp::

bench: build ## rsso beside other session handlers, into target/bench/; PARTS="session pages" chooses
	scripts/setup bench
	benches/compare/run $(PARTS)
	benches/instructions

demo: build ## a chat with one login per kind of device, in your browser; DEMO_EXIT=1 only checks it
	scripts/setup demo
	scripts/demo

clean: ## what was built; downloads in .cache/ stay
	cargo clean

SHELL_SCRIPTS := .ci/run $(shell grep -lE '^\#!.*bash|^\# shellcheck shell=' -r scripts benches)
