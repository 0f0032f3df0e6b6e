#!/usr/bin/env bash
# ucumvert 0.3.2 with Pint 0.25.3, beside @lhncbc/ucum-lhc 7.1.10 (npm): units of UCUM, converted.
# Expected: UCUM defines [Cal], "nutrition label Calories", as 1 kcal_th, and ' as the minute of an angle, a sixtieth of a degree. A label of
# 250 Calories is 250 kcal.
# Seen: ucumvert makes 0.25 kcal of it, since [Cal] is mapped to Pint's calorie; and 30 ' are half an hour, and no half a degree. Neither
# is an error. Its own mapping report has the right definition of [Cal] in the same line.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ucumvert==0.3.2 pint==0.25.3
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @lhncbc/ucum-lhc@7.1.10
cat >convert.cjs <<'JS'
const ucum = require("@lhncbc/ucum-lhc").UcumLhcUtils.getInstance();
for (const [value, from, to] of [[250, "[Cal]", "kcal"], [30, "'", "deg"], [30, "'", "h"]]) {
  const { status, toVal } = ucum.convertUnitTo(from, value, to);
  console.log(`ucum-lhc: ${value} ${from} in ${to}:`, status === "succeeded" ? Number(toVal.toPrecision(12)) : status);
}
JS
seen=$(
env/bin/python - 2>/dev/null <<'PY'
from pint import DimensionalityError
from ucumvert import PintUcumRegistry

units = PintUcumRegistry()
for value, unit, wanted in ((250, "[Cal]", "kcal"), (30, "'", "deg"), (30, "'", "h")):
    try:
        seen = f"{(value * units.from_ucum(unit)).to(units.from_ucum(wanted).units).magnitude:.12g}"
    except DimensionalityError:
        seen = "failed"
    print(f"ucumvert: {value} {unit} in {wanted}: {seen}")
PY
node convert.cjs
)
printf '%s\n' "$seen"
[ "$seen" = "ucumvert: 250 [Cal] in kcal: 0.25
ucumvert: 30 ' in deg: failed
ucumvert: 30 ' in h: 0.5
ucum-lhc: 250 [Cal] in kcal: 250
ucum-lhc: 30 ' in deg: 0.5
ucum-lhc: 30 ' in h: failed" ] || { echo "This has changed." >&2; exit 1; }
