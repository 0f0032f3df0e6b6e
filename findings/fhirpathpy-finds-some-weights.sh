#!/usr/bin/env bash
# fhirpathpy 2.2.4 beside fhirpath 5.2.2 (npm), both with their model of R4: Observations of a weight, read with json.loads(), are looked
# for by that weight.
# Expected: FHIRPath (Equals) compares decimals by value, so 82.35 equals 82.35 as it was written in the resource.
# Seen: an Observation of 82.5 kg is found, one of 82.35 kg isn't, by = 82.35 and by = 82.35 'kg': its float is compared with the decimal of
# the expression. Yet the value is shown as 82.35, and is >= and <= it. With json.loads(…, parse_float=Decimal) both are found.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fhirpathpy==2.2.4
npm init -y >/dev/null
npm install --silent --no-audit --no-fund fhirpath@5.2.2
for weight in 82.5 82.35; do
    cat >"$weight.json" <<JSON
{
  "resourceType": "Observation",
  "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
  "valueQuantity": {"value": $weight, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
}
JSON
done
cat >ask.cjs <<'JS'
const fhirpath = require("fhirpath");
const model = require("fhirpath/fhir-context/r4");
for (const weight of ["82.5", "82.35"]) {
  const ask = (question) => fhirpath.evaluate(require(`./${weight}.json`), question, null, model)[0];
  console.log("fhirpath:", weight, ask(`Observation.value = ${weight} 'kg'`), ask(`Observation.value.value = ${weight}`));
}
JS
seen=$(
env/bin/python - <<'PY'
import json
from decimal import Decimal
from pathlib import Path

from fhirpathpy import evaluate
from fhirpathpy.models import models

for number in (float, Decimal):
    for weight in ("82.5", "82.35"):
        observation = json.loads(Path(f"{weight}.json").read_text(), parse_float=number)

        def ask(question):
            return evaluate(observation, question, {}, models["r4"])[0]

        value = "Observation.value.value"
        quantity, equal = ask(f"Observation.value = {weight} 'kg'"), ask(f"{value} = {weight}")
        print("fhirpathpy:", number.__name__, ask(value), quantity, equal, ask(f"{value} >= {weight} and {value} <= {weight}"))
PY
node ask.cjs
)
printf '%s\n' "$seen"
[ "$seen" = "fhirpathpy: float 82.5 True True True
fhirpathpy: float 82.35 False False True
fhirpathpy: Decimal 82.5 True True True
fhirpathpy: Decimal 82.35 True True True
fhirpath: 82.5 true true
fhirpath: 82.35 true true" ] || { echo "This has changed." >&2; exit 1; }
