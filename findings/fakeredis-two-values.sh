#!/usr/bin/env bash
# fakeredis 2.41.0 with lupa 2.8: a script that returns what string.gsub returns, which is two values.
# Expected: what Redis does: the first value is the answer.
# Seen: an AssertionError about an invalid response type comes out of the client, so an innocent `return string.gsub(…)` can't be tested.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fakeredis==2.41.0 lupa==2.8
seen=$(env/bin/python - <<'PY'
import fakeredis

for script in ("return (string.gsub('a-b', '-', ''))", "return string.gsub('a-b', '-', '')"):
    try:
        print(script, "->", fakeredis.FakeRedis().eval(script, 0).decode())
    except AssertionError as error:
        print(script, "->", str(error).partition(" for ")[0])
PY
)
printf '%s\n' "$seen"
[ "$seen" = "return (string.gsub('a-b', '-', '')) -> ab
return string.gsub('a-b', '-', '') -> Invalid response type" ] || { echo "This has changed." >&2; exit 1; }
