# What one does here. `just` lists the recipes; nothing needs `just`: each line runs by itself too.

# List the recipes.
default:
    @just --list --unsorted

# Before a commit: format, lints, and the tests that need no database.
check: fmt lint
    cargo test -p waymark-domain -p waymark-services -p waymark-api --lib
    cargo test -p it --test it fitness::

# Format everything.
fmt:
    cargo fmt --all

# All lints, as strict as CI.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# All tests, or those whose names contain a word, each against a real PostgreSQL.
test *NAME:
    cargo test --workspace {{ if NAME == "" { "" } else { "-- " + NAME } }}

# Exactly what CI runs.
ci:
    bash .ci/run

# Ask for a plan and watch it arrive: just demo --topic "Sourdough bread" --level beginner
demo *ARGS:
    cargo run --release -- demo {{ ARGS }}

# Serve for good, with a private PostgreSQL unless DATABASE_URL is set.
serve *ARGS:
    cargo run --release -- serve {{ ARGS }}

# One measurement of benches/README.md: just bench parser
bench NAME *ARGS:
    cargo run --release -p bench -- {{ NAME }} {{ ARGS }}

# The migrations' command line: just migrate status
migrate *ARGS:
    cargo run -p waymark-migration -- {{ ARGS }}

# Licences, bans and advisories; needs cargo-deny and its advisory database.
deny:
    cargo deny check
