#!/usr/bin/env bash
# @lhncbc/ucum-lhc 7.1.10, and fhirpath 5.2.2 with it (npm), beside ucumvert 0.3.2 with Pint 0.25.3: the diopter of lenses.
# Expected: UCUM defines [diop] as 1 /m, so 2 [diop] are 2 /m, and no length.
# Seen: ucum-lhc has it as a metre that is turned over when it is converted: it can't be converted to /m at all, and fhirpath says that two
# diopters equal two metres. The same with [mesh_i] (1 /[in_i]) and Bd (1 /s, which is Hz).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ucumvert==0.3.2 pint==0.25.3
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @lhncbc/ucum-lhc@7.1.10 fhirpath@5.2.2
cat >convert.cjs <<'JS'
const ucum = require("@lhncbc/ucum-lhc").UcumLhcUtils.getInstance();
const fhirpath = require("fhirpath");
for (const [from, to] of [["[diop]", "/m"], ["[mesh_i]", "/[in_i]"], ["Bd", "Hz"]]) {
  const { status, toVal } = ucum.convertUnitTo(from, 2, to);
  console.log(`ucum-lhc: 2 ${from} in ${to}:`, status === "succeeded" ? toVal : status);
}
for (const told of ["2 '[diop]' = 2 '/m'", "2 '[diop]' = 2 'm'"]) console.log(`fhirpath: ${told}:`, ...fhirpath.evaluate({}, told));
JS
seen=$(
env/bin/python - 2>/dev/null <<'PY'
from ucumvert import PintUcumRegistry

units = PintUcumRegistry()
for unit, wanted in (("[diop]", "/m"), ("[mesh_i]", "/[in_i]"), ("Bd", "Hz")):
    print(f"ucumvert: 2 {unit} in {wanted}: {(2 * units.from_ucum(unit)).to(units.from_ucum(wanted).units).magnitude:.12g}")
PY
node convert.cjs
)
printf '%s\n' "$seen"
[ "$seen" = "ucumvert: 2 [diop] in /m: 2
ucumvert: 2 [mesh_i] in /[in_i]: 2
ucumvert: 2 Bd in Hz: 2
ucum-lhc: 2 [diop] in /m: failed
ucum-lhc: 2 [mesh_i] in /[in_i]: failed
ucum-lhc: 2 Bd in Hz: failed
fhirpath: 2 '[diop]' = 2 '/m': false
fhirpath: 2 '[diop]' = 2 'm': true" ] || { echo "This has changed." >&2; exit 1; }
