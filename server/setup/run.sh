#!/usr/bin/env bash
# Builds vesta and serves the demo clinic; Ctrl-C stops it and its database.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

bash "$SETUP/build.sh"
if [ "$(id -u)" = 0 ]; then
    data="/var/lib/vesta"
else
    data="${XDG_DATA_HOME:-$HOME/.local/share}/vesta"
fi
export VESTA_DATA_DIR="${VESTA_DATA_DIR:-$data/demo}"
export VESTA_PACKAGES_DIR="$PACKAGES"
export VESTA_PROFILES="${VESTA_PROFILES:-clinic}"
export VESTA_LOAD_WHEN_EMPTY="${VESTA_LOAD_WHEN_EMPTY:-$ROOT/bundles}"
export VESTA_AUTH="${VESTA_AUTH:-smart}"
if [ "$VESTA_AUTH" = smart ] && [ "$VESTA_LOAD_WHEN_EMPTY" = "$ROOT/bundles" ]; then
    export VESTA_DEMO_ACCOUNTS="${VESTA_DEMO_ACCOUNTS:-$ROOT/bundles/accounts.toml}"
fi
say "starting vesta; its data is in $VESTA_DATA_DIR"
exec target/release/vesta serve
