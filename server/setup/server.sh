# Starts and stops a vesta of its own for tests. Read by other scripts, after console.sh.

SERVER_PID=""
SERVER_DATA=""
FHIR_BASE=""
# The server that is started.
SERVER_PROGRAM="target/release/vesta"
# What its clients call it.
SERVER_HOST="127.0.0.1"

# start_server: an empty database, a free port; sets FHIR_BASE.
start_server() {
    local port tries=0
    port="$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')"
    SERVER_DATA="$(mktemp -d /tmp/vesta-test-server-XXXXXXXX)"
    chmod 711 "$SERVER_DATA"
    trap stop_server EXIT
    FHIR_BASE="http://$SERVER_HOST:$port/fhir"
    "$SERVER_PROGRAM" serve --listen "127.0.0.1:$port" --base-url "$FHIR_BASE" --data-dir "$SERVER_DATA/data" \
        --packages-dir "$PACKAGES" "$@" >"$SERVER_DATA/log" 2>&1 &
    SERVER_PID=$!
    until answers "http://127.0.0.1:$port/health/ready"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$SERVER_PID" 2>/dev/null; then
            tail -n 20 "$SERVER_DATA/log" >&2
            fail "the server is not ready" "read its log above"
        fi
        sleep 0.1
    done
    # What packages bring of terminology comes a few seconds later; with VESTA_AUTH=smart nobody may ask yet.
    until [ "${VESTA_AUTH:-disabled}" = smart ] || answers "$FHIR_BASE/CodeSystem/\$lookup?system=http://hl7.org/fhir/administrative-gender&code=male"; do
        tries=$((tries + 1))
        [ "$tries" -le 1200 ] || fail "the terminology of the packages is not filled in" "read $SERVER_DATA/log"
        sleep 0.1
    done
    say "a server for the tests answers at $FHIR_BASE"
}

answers() {
    node -e 'fetch(process.argv[1]).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$1"
}

# stop_server: in order, so that its database stops with it; keeps the log of a failure.
stop_server() {
    local status=$? tries=0
    trap - EXIT
    if [ -n "$SERVER_PID" ]; then
        kill -TERM "$SERVER_PID" 2>/dev/null || true
        while kill -0 "$SERVER_PID" 2>/dev/null && [ "$tries" -lt 600 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
        if kill -9 "$SERVER_PID" 2>/dev/null; then
            printf 'the server did not stop within a minute and was killed\n' >&2
            status=1
        fi
        wait "$SERVER_PID" 2>/dev/null || true
    fi
    if [ -e "$SERVER_DATA/data/postgresql/postmaster.pid" ]; then
        printf 'the server left its PostgreSQL running; it is stopped now\n' >&2
        kill -QUIT "$(head -n 1 "$SERVER_DATA/data/postgresql/postmaster.pid")" 2>/dev/null || true
        status=1
    fi
    if [ "$status" != 0 ] && [ -f "$SERVER_DATA/log" ]; then
        mkdir -p target
        cp "$SERVER_DATA/log" target/test-server.log
        printf 'the log of the server is kept: target/test-server.log\n' >&2
    fi
    rm -rf "${SERVER_DATA:?}"
    [ "$status" = 0 ] || exit "$status"
}
