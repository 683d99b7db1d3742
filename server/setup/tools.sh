#!/usr/bin/env bash
# Checks for Rust, Node and a C compiler; installs the compiler where it may.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

have cargo || fail "there is no cargo" "install Rust 1.95 or newer from rustup.rs, then open a new shell"
have node && have npm || apt_install nodejs npm \
    || fail "there is no node and npm" "install Node.js 20 or newer: it fetches the FHIR packages"
if ! have cc && ! have gcc && ! have clang; then
    apt_install gcc libc6-dev || fail "there is no C compiler" "install gcc (or clang) and the C library's headers"
fi
say "cargo $(cargo --version | cut -d' ' -f2), node $(node --version), $(cc --version 2>/dev/null | head -n 1 || echo 'no cc, but another compiler')"
