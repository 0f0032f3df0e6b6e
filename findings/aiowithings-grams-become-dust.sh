#!/usr/bin/env bash
# aiowithings 3.1.6: a weight as Withings sends it, an integer and a power of ten: 82350 and -3.
# Expected: 82.35, the nearest double to what was sent.
# Seen: 82.35000000000001, since the integer is multiplied with the double of 0.001 and not divided by 1000. Other values come
# out clean, so a test with 71.3 kg shows nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check aiowithings==3.1.6
seen=$(env/bin/python - <<'PY'
from aiowithings.util import get_measurement_from_dict

for grams in (71300, 82350):
    print(get_measurement_from_dict({"value": grams, "unit": -3}))
PY
)
printf '%s\n' "$seen"
[ "$seen" = "71.3
82.35000000000001" ] || { echo "This has changed." >&2; exit 1; }
