#!/usr/bin/env bash
# fhirpath 5.2.2 (npm): sums of weights in two units.
# Expected: a sum of two quantities doesn't depend on their order but for its unit; both decimals are exact.
# Seen: 100 g + 82.3 kg is 82400 g, and 82.3 kg + 100 g is 82399.99999999999 g: in the unit of the smaller one either way, but
# with the float's dust in one order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund fhirpath@5.2.2
cat >sum.cjs <<'JS'
const fhirpath = require("fhirpath");
for (const sum of ["100 'g' + 82.3 'kg'", "82.3 'kg' + 100 'g'"]) {
  console.log(String(fhirpath.evaluate({}, sum)[0]));
}
JS
seen=$(node sum.cjs)
printf '%s\n' "$seen"
[ "$seen" = "82400 'g'
82399.99999999999 'g'" ] || { echo "This has changed." >&2; exit 1; }
