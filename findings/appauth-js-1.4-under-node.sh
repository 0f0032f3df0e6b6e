#!/usr/bin/env bash
# @openid/appauth 1.4.0 under Node.js 20.
# Expected: a package that offers NodeBasedHandler and NodeRequestor can be loaded by Node.js, as 1.3.2 can.
# Seen: neither require() nor import() finds its modules, because the built files import each other without endings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @openid/appauth@1.4.0
cat >load.cjs <<'JS'
const code = (error) => error.code;
const load = async () => {
  try { require("@openid/appauth"); console.log("require: loaded"); } catch (error) { console.log("require:", code(error)); }
  try { await import("@openid/appauth"); console.log("import: loaded"); } catch (error) { console.log("import:", code(error)); }
};
load();
JS
seen=$(node load.cjs)
printf '%s\n' "$seen"
[ "$seen" = "require: ERR_MODULE_NOT_FOUND
import: ERR_MODULE_NOT_FOUND" ] || { echo "This has changed." >&2; exit 1; }
