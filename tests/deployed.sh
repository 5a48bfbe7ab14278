#!/usr/bin/env bash
# Deploys template.yaml to an emulator of AWS with infra/deploy.sh, and runs the end-to-end tests against that address.
# It needs Rust, Python and a package index, and nothing that was installed by hand. Arguments go to the test binary.
# What the emulator cannot do is listed in tests/deployed.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

packages=(ministack==1.5.33 aws-sam-cli==1.167.0 cargo-lambda==1.9.2)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/mixtape-ci/deployed"
stack="mixtape-tests"
scratch="$(mktemp -d)"
emulator=""

install_tools() {
    if [ "$(cat "$venv/packages" 2> /dev/null)" != "${packages[*]}" ]; then
        say "installing ${packages[*]}"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
        echo "${packages[*]}" > "$venv/packages"
    fi
    export PATH="$venv/bin:$PATH"
}

stop() {
    [ -z "$emulator" ] || { kill "$emulator" 2> /dev/null && wait "$emulator" 2> /dev/null; } || true
    rm -rf "$scratch"
}
trap stop EXIT

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# AUTH holds the functions to the policies of their roles; the key `test` is the account's owner.
start_emulator() {
    local port
    port="$(free_port)"
    # An IP address, because a client then names the bucket in the path and not in the host's name.
    export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
    export SAM_CLI_TELEMETRY=0
    mkdir "$scratch/tmp"
    AUTH=true BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" TMPDIR="$scratch/tmp" \
        ministack > "$log" 2>&1 &
    emulator=$!
    for _ in $(seq 100); do
        curl --silent --fail --output /dev/null "$AWS_ENDPOINT_URL/_ministack/health" && return
        sleep 0.2
    done
    die "the emulator did not start: $(tail -n 5 "$log")"
}

# The processor of this machine, since the functions run on it. The limits are there for strangers, not for tests.
deploy() {
    local architecture=x86_64
    [ "$(uname -m)" != aarch64 ] || architecture=arm64
    infra/deploy.sh --config-env development --stack "$stack" --profile quick --yes --no-smoke \
        "Architecture=$architecture" ThrottleRate=10000 ThrottleBurst=10000 MaxAccountBytes=107374182400
    # The bundle of certificates lies where Lambda's image has it, which is not here.
    python tests/deployed.py --stack "$stack" environment SSL_CERT_FILE= "SCRATCH_DIR=$scratch/functions"
    python tests/deployed.py --stack "$stack" plain-http
    address="$(python tests/deployed.py --stack "$stack" routes)"
}

log="${MIXTAPE_EMULATOR_LOG:-$scratch/emulator.log}"
install_tools
say "starting the emulator"
start_emulator
deploy
say "trying $address"
infra/smoke.sh "$address"
say "testing"
MIXTAPE_API="$address" MIXTAPE_INVOKE="$venv/bin/python tests/deployed.py --stack $stack invoke" \
    cargo test -p tests -- "$@"
python tests/deployed.py --stack "$stack" dead-letters
