#!/usr/bin/env bash
# SMART clients that nobody here wrote, against a Vesta with the demo clinic: fhirclient for JavaScript in a headless
# Chromium, a passkey and the link of a message there, fhirclient for Python. What cannot be installed is skipped with a reason. SERVER_PROGRAM is the vesta to test.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"
program="${SERVER_PROGRAM:-target/release/vesta}"
. "$SETUP/server.sh"
SERVER_PROGRAM="$program"

CLIENTS="$ROOT/conformance-tests/clients"
WORK="$ROOT/target/clients"
FHIRCLIENT_VERSION=2.6.3
FHIRCLIENT_SHA512="CirZixcwWelbkIXxpxlNQx5+ZdJirl6F1s4y4yvA1X7hHAkr9n99aVHaMi0wX+97nATjKQ65X6NB5as/wZoJzg=="

# Prints a Chromium; installs one where it may.
find_browser() {
    local name
    for name in chromium chromium-browser google-chrome; do have "$name" && command -v "$name" && return 0; done
    apt_install chromium >&2 && command -v chromium
}

# Prints a Python that has what requirements.txt names.
find_python() {
    local environment="$WORK/python"
    have python3 || apt_install python3 >&2 || return 1
    [ -x "$environment/bin/pip" ] || python3 -m venv "$environment" >/dev/null 2>&1 \
        || { apt_install python3-venv >&2 && python3 -m venv "$environment" >&2; } || return 1
    "$environment/bin/pip" install --quiet --requirement "$CLIENTS/requirements.txt" >&2 || return 1
    printf '%s\n' "$environment/bin/python"
}

mkdir -p "$WORK"
browser="$(find_browser)" || browser=""
if [ -n "$browser" ]; then
    archive="$CACHE/fhirclient-$FHIRCLIENT_VERSION.tgz"
    fetch_package fhirclient "$FHIRCLIENT_VERSION" "$FHIRCLIENT_SHA512" "$archive"
    tar -xzf "$archive" -C "$WORK" --no-same-owner package/build/fhir-client.min.js
    (cd "$CLIENTS" && npm ci --silent --ignore-scripts) || browser=""
fi
interpreter="$(find_python)" || interpreter=""

export VESTA_AUTH=smart VESTA_PROFILES=clinic VESTA_LOAD_WHEN_EMPTY="$ROOT/bundles" VESTA_DEMO_ACCOUNTS="$ROOT/bundles/accounts.toml"
# Passkeys are bound to a host with a name.
SERVER_HOST=localhost
# Messages are files, and it is noon where the clinic is: at night nobody is told anything.
export VESTA_CLINIC_NAME="Haus am See" VESTA_MESSAGES_DIR
VESTA_MESSAGES_DIR="$(mktemp -d /tmp/vesta-test-messages-XXXXXXXX)"
VESTA_CLINIC_ZONE="$(printf 'Etc/GMT%+d' "$((10#$(date -u +%H) - 12))")"
export VESTA_CLINIC_ZONE
start_server
# What registers clients works beside the server, on its database.
export FHIR_BASE SERVER_PROGRAM="$ROOT/$SERVER_PROGRAM" VESTA_DATA_DIR="$SERVER_DATA/data"
unset VESTA_DEMO_ACCOUNTS
if [ -n "$browser" ]; then
    say "fhirclient $FHIRCLIENT_VERSION for JavaScript in $("$browser" --version 2>/dev/null)"
    CHROMIUM="$browser" FHIR_CLIENT_JS="$WORK/package/build/fhir-client.min.js" \
        node --test --test-concurrency=1 "$CLIENTS/smart.test.mjs" "$CLIENTS/passkeys.test.mjs" "$CLIENTS/replies.test.mjs" \
        || fail "an app in a browser does not get through" "read the first failure above"
else
    say "NOT RUN, for want of a Chromium that can be installed here: fhirclient for JavaScript"
fi
if [ -n "$interpreter" ]; then
    say "fhirclient for Python"
    "$interpreter" "$CLIENTS/backend.py" || fail "a backend service does not get through" "read the first failure above"
else
    say "NOT RUN, for want of a Python with what conformance-tests/clients/requirements.txt names: fhirclient for Python"
fi
stop_server
rm -rf "$VESTA_MESSAGES_DIR"
