#!/usr/bin/env bash
# Asks a deployed API the few things that tell whether its functions, routes and stores belong together.
# infra/smoke.sh URL
set -euo pipefail
url="${1:?usage: infra/smoke.sh URL}"
body="$(mktemp)"
trap 'rm -f "$body"' EXIT
failed=0

# The status of a GET, with the body kept; 000 when nothing answers.
status() { curl --silent --max-time 30 --output "$body" --write-out '%{http_code}' "$url$1" || true; }

# expect PATH STATUS TEXT: the answer has the status (a pattern) and its body holds the text.
expect() {
    local found
    found="$(status "$1")"
    # shellcheck disable=SC2254 # a pattern
    case "$found" in
        $2) if grep -qF -- "$3" "$body"; then
            printf '  ok      %s  %s\n' "$found" "$1"
            return
        fi ;;
    esac
    printf '  FAILED  %s  %s: %s\n' "$found" "$1" "$(head -c 300 "$body")"
    failed=1
}

# A name is known a little later than it is made, and a role may be used a little later than that.
for _ in $(seq 30); do
    [ "$(status /v1/health)" = 200 ] && break
    sleep 2
done

expect /v1/health 200 '"status"'
expect /v1/openapi.json 200 '"paths"'
expect /v1/tracks/no-such-track '40[14]' '"code"'
expect /v1/no-such-path 404 ''
# 401 where the catalogue is private.
expect /v1/home '[24]0[01]' '{'

[ "$failed" = 0 ] || {
    echo "The API does not answer as it should; the functions' log groups in CloudWatch say why." >&2
    exit 1
}
echo "The API answers as it should."
