# Where Cargo.toml is.
RSSO_ROOT ?= $(srcdir)/../..

# Not again at `make install`, which may run as another user. Both packages, so that features are as with `make build`.
$(phplibdir)/rsso.so:
	cd $(RSSO_ROOT) && $(RSSO_PHP) $(CARGO) build --release --locked --package rsso --package rsso-cli
	mkdir -p $(phplibdir)
	cp "$${CARGO_TARGET_DIR:-$(RSSO_ROOT)/target}/release/librsso.so" $@
