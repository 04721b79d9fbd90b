# Builds authguard from its source and installs it, for whoever has Rust and the server's headers:
#
#   make                PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config
#   sudo make install   PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config
#
# `make` builds as the user. `make install` only copies, so it needs neither Rust nor that user's
# home. DESTDIR, pkglibdir and datadir mean what they mean to PGXS. `cargo embed package` makes the
# packages with `make install`: this file alone says which files belong to an installation.

PG_CONFIG ?= pg_config
CARGO ?= cargo

postgres := $(shell $(PG_CONFIG) --version)
major := $(shell echo '$(postgres)' | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
version := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)

ifeq ($(major),)
$(error there is no Postgres at PG_CONFIG=$(PG_CONFIG): name its pg_config)
endif

pkglibdir ?= $(shell $(PG_CONFIG) --pkglibdir)
datadir ?= $(shell $(PG_CONFIG) --sharedir)

# One library for each major version: an installation never takes that of another one.
library ?= target/make/pg$(major)/authguard.so
# The install script is the snapshot that the tests compare with the library.
scripts := tests/schema/authguard--$(version).sql $(wildcard sql/authguard--*--*.sql)

.PHONY: all install uninstall
all:
	PGRX_PG_CONFIG_PATH="$$(command -v $(PG_CONFIG))" CARGO_TARGET_DIR=target/make \
	    $(CARGO) build --release --locked --lib --package authguard \
	    --no-default-features --features pg$(major)
	mkdir -p $(dir $(library))
	cp target/make/release/libauthguard.so $(library)

install:
	@test -f '$(library)' || { echo 'authguard is not built for Postgres $(major): run `make` first' >&2; exit 1; }
	install -d '$(DESTDIR)$(pkglibdir)' '$(DESTDIR)$(datadir)/extension'
	install -m 644 '$(library)' '$(DESTDIR)$(pkglibdir)/authguard.so'
	install -m 644 $(scripts) '$(DESTDIR)$(datadir)/extension'
	sed 's/@CARGO_VERSION@/$(version)/' authguard.control > '$(DESTDIR)$(datadir)/extension/authguard.control'
	chmod 644 '$(DESTDIR)$(datadir)/extension/authguard.control'

uninstall:
	rm -f '$(DESTDIR)$(pkglibdir)/authguard.so' '$(DESTDIR)$(datadir)/extension/authguard.control'
	cd '$(DESTDIR)$(datadir)/extension' && rm -f $(notdir $(scripts))
