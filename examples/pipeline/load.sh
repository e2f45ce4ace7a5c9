#!/bin/bash
# load.sh: from the last committed STATE on, the tap's rows into Oracle, once; a signal ends it clean.
#
# The target's settings are TARGET_ORACLE_ variables, TARGET_ORACLE_LOADER_ID among them; TAP_CONFIG is the
# tap's config file, by default ENV for TAP_POSTGRES_ variables. Exits as the target does, or else the tap.
set -euo pipefail
state=$(mktemp)
trap 'rm -f "$state"' EXIT
target-oracle --config ENV --print-state > "$state"
[ -s "$state" ] && resume=(--state "$state") || resume=()
tap-postgres --config "${TAP_CONFIG:-ENV}" "${resume[@]}" | target-oracle --config ENV > /dev/null &
load=$!
trap 'kill -TERM "$load"' TERM INT
until wait "$load"; do
    code=$?
    kill -0 "$load" 2> /dev/null || exit "$code"
done
