# What every script of the set-up starts with: strict mode, where things are, how to speak.
# Read by the others; needs bash alone.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
SETUP="$ROOT/server/setup"
cd "$ROOT"
umask 022

# The caches are the ones that vesta looks into; root's own are closed to PostgreSQL's account.
CACHE="${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/vesta"
if [ "$(id -u)" = 0 ]; then POSTGRES_CACHE=/var/cache/vesta; else POSTGRES_CACHE="$CACHE"; fi
PACKAGES="${VESTA_PACKAGES_DIR:-$CACHE/packages}"

# A shell that was open before Rust was installed does not know it yet.
command -v cargo >/dev/null 2>&1 || PATH="$PATH:${HOME:-/root}/.cargo/bin"

say() { printf '==> %s\n' "$*"; }

# fail WHAT WHAT-TO-DO-NEXT
fail() {
    printf 'failed: %s\n  next: %s\n' "$1" "$2" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root, where that needs no password.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# apt_install PACKAGE…: fails quietly where there is no apt, no right to use it, or no such package.
apt_install() {
    have apt-get || return 1
    as_root true || return 1
    say "apt-get install $*"
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null 2>&1 || true
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null || return 1
    fi
}

# sha512_of FILE: in base64, as npm writes it.
sha512_of() {
    node -e 'const h = require("crypto").createHash("sha512"); h.update(require("fs").readFileSync(process.argv[1])); console.log(h.digest("base64"))' "$1"
}

# fetch_package NAME VERSION SHA512 FILE: one package of the npm registry, proven by its digest.
fetch_package() {
    local name="$1" version="$2" sha512="$3" file="$4" scratch packed
    if [ -f "$file" ] && [ "$(sha512_of "$file")" = "$sha512" ]; then
        return 0
    fi
    say "fetching $name $version"
    scratch="$(mktemp -d)"
    packed="$(cd "$scratch" && npm pack --silent "$name@$version" 2>"$scratch/errors" | tail -n 1)" || {
        cat "$scratch/errors" >&2
        rm -rf "$scratch"
        fail "npm cannot fetch $name $version" "check the network and npm's registry, or put the file at $file yourself"
    }
    if [ "$(sha512_of "$scratch/$packed")" != "$sha512" ]; then
        rm -rf "$scratch"
        fail "$name $version has not the digest that is written down for it" "do not use it; find out why before changing the digest"
    fi
    mkdir -p "$(dirname "$file")"
    cp "$scratch/$packed" "$file.new"
    mv "$file.new" "$file"
    rm -rf "$scratch"
}
