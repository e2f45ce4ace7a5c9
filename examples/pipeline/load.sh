#!/bin/bash
# load.sh: from the last committed STATE on, the tap's rows into Oracle, once; a signal ends it clean.
#
# The target's settings are TARGET_ORACLE_ variables, TARGET_ORACLE_LOADER_ID among them; TAP_CONFIG is the
# tap's config file, by default ENV for TAP_POSTGRES_ variables; TAP_CATALOG says which streams are selected, by
# default all that the tap discovers. Exits as the target does, or else the tap.
set -euo pipefail
tap=(tap-postgres --config "${TAP_CONFIG:-ENV}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
catalog=${TAP_CATALOG:-$work/catalog.json}
[ -n "${TAP_CATALOG:-}" ] || "${tap[@]}" --discover | sed 's/"inclusion": *"available"/&, "selected": true/' > "$catalog"
target-oracle --config ENV --print-state > "$work/state.json"
[ -s "$work/state.json" ] && resume=(--state "$work/state.json") || resume=()
"${tap[@]}" --catalog "$catalog" "${resume[@]}" | target-oracle --config ENV > /dev/null &
load=$!
trap 'kill -TERM "$load"' TERM INT
until wait "$load"; do
    code=$?
    kill -0 "$load" 2> /dev/null || exit "$code"
done
