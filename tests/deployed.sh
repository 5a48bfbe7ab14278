#!/usr/bin/env bash
# Deploys template.yaml to an emulator of AWS with infra/deploy.sh, and runs the end-to-end tests against that address.
# It needs Rust, Python and a package index, and nothing that was installed by hand. What the emulator cannot do is listed
# in tests/deployed.md.
#
# tests/deployed.sh [--profile NAME] [--resources | ARGUMENT OF THE TEST BINARY…]
#   --profile NAME   compile functions and tests with Cargo alone and this profile; with `dev` there is little to compile
#                    where `cargo test --workspace` has run or will. Otherwise infra/deploy.sh builds the functions.
#   --resources      run only the modules that tests/deployed.md names, which exercise every resource
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

profile=""
if [ "${1:-}" = --profile ]; then
    profile="${2:?"--profile needs a name"}"
    shift 2
fi
# Without one, Cargo takes dev, for tests too.
with=()
[ -z "$profile" ] || [ "$profile" = dev ] || with=(--profile "$profile")
is_whole=1
if [ "${1:-}" = --resources ]; then
    shift
    # The names in the table, without those of commands.
    # shellcheck disable=SC2016 # the marks of Markdown
    for module in $(grep '| yes |' tests/deployed.md | grep -oE '`[a-z]+(::[a-z]+)*`' | tr -d '`' | sort -u); do
        set -- "$@" "$module::"
    done
elif [ $# -gt 0 ]; then
    is_whole=""
fi
stack="mixtape-tests"
scratch="$(mktemp -d)"
emulator=""

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

# Compiles the functions for this machine, where the emulator runs them. With the examples come the features that the
# tests ask of libraries, so that these are compiled once for both.
build() {
    local name folder="target/${with[1]:-debug}"
    say "building functions"
    cargo build --quiet "${with[@]}" --workspace --bins --examples
    for name in $(python infra/stack.py packages); do
        mkdir -p "target/lambda/$name"
        strip -o "target/lambda/$name/bootstrap" "$folder/$name"
    done
}

# The processor of this machine, since the functions run on it. The limits are there for strangers, not for tests.
deploy() {
    local architecture=x86_64 build=(--profile quick)
    [ "$(uname -m)" != aarch64 ] || architecture=arm64
    [ -z "$profile" ] || build=(--no-build)
    infra/deploy.sh --config-env development --stack "$stack" "${build[@]}" --yes --no-smoke \
        "Architecture=$architecture" Dashboard=on Metrics=on ThrottleRate=10000 ThrottleBurst=10000 MaxAccountBytes=107374182400
    # How long a function takes says nothing on a machine that has more to do.
    python tests/deployed.py --stack "$stack" environment --timeout 600 "SCRATCH_DIR=$scratch/functions"
    python tests/deployed.py --stack "$stack" plain-http
    address="$(python tests/deployed.py --stack "$stack" routes)"
}

log="${MIXTAPE_EMULATOR_LOG:-$scratch/emulator.log}"
install_tools ministack==1.5.33 aws-sam-cli==1.167.0
if [ -n "$profile" ]; then
    build
else
    install_tools cargo-lambda==1.9.2
fi
say "starting the emulator"
start_emulator
deploy
say "trying $address"
infra/smoke.sh "$address"
python tests/deployed.py --stack "$stack" roles
python tests/deployed.py --stack "$stack" schedules
say "testing"
# With the whole workspace, since its packages ask for more features of libraries than one of them. Most of the time
# tests wait, so that more of them than there are processors run at once.
MIXTAPE_API="$address" MIXTAPE_INVOKE="$(command -v python) tests/deployed.py --stack $stack invoke" \
    MIXTAPE_SETTLE="${MIXTAPE_SETTLE:-5}" \
    cargo test "${with[@]}" --workspace --test main -- --test-threads 4 "$@"
python tests/deployed.py --stack "$stack" sent
python tests/deployed.py --stack "$stack" dead-letters
say "delivering dead letters again, and bringing a table back"
python tests/deployed.py --stack "$stack" give-up
python infra/redrive.py --stack "$stack"
python tests/deployed.py --stack "$stack" dead-letters
python tests/deployed.py --stack "$stack" copy home mixtape-restored
python infra/restore.py --stack "$stack" --copies mixtape-restored --tables home --yes
python tests/deployed.py --stack "$stack" same home mixtape-restored
[ -z "$is_whole" ] || python tests/deployed.py --stack "$stack" exercised
