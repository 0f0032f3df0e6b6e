#!/usr/bin/env bash
# fhir.resources 8.3.0: a body weight of 82.350 kg, read and written again.
# Expected: FHIR's decimal keeps its precision: 82.350 says that the scale shows grams, and is written as it was read.
# Seen: the value is kept as Decimal('82.350') in memory where the JSON was read with decimals, and written as 82.35.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fhir.resources==8.3.0
seen=$(env/bin/python - <<'PY'
import json
import re
from decimal import Decimal

from fhir.resources.observation import Observation

text = (
    '{"resourceType": "Observation", "status": "final",'
    ' "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},'
    ' "valueQuantity": {"value": 82.350, "unit": "kg"}}'
)
observation = Observation.model_validate(json.loads(text, parse_float=Decimal))
written = re.search('"value":([^,]*)', observation.model_dump_json())
print(repr(observation.valueQuantity.value), written[1])
PY
)
printf '%s\n' "$seen"
[ "$seen" = "Decimal('82.350') 82.35" ] || { echo "This has changed." >&2; exit 1; }
