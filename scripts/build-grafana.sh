#!/usr/bin/env bash
# Installs what the Grafana app needs, checks its types and builds it into grafana-plugin/dist.
# --if-stale: does nothing where dist is newer than every source.
# The app is no npm workspace: a machine that never builds it does not download its libraries.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root/grafana-plugin"

# npm leaves what it installed in node_modules/.package-lock.json; older than the lock file means stale.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-fund --no-audit --loglevel=error
  touch node_modules/.package-lock.json
fi
if [ "${1:-}" = --if-stale ] && [ -f dist/module.js ] &&
  [ -z "$(find src .config ./*.json ./*.ts ./*.md -newer dist/module.js -print -quit)" ]; then
  exit 0
fi
node_modules/.bin/tsc --noEmit -p .
node_modules/.bin/tsc --noEmit -p tests
(cd "$root" && node --import tsx scripts/grafanaTypes.ts --check)
npm run --silent build -- --stats=errors-warnings
# webpack leaves a file alone that did not change; its time says when the last build was.
touch dist/module.js
(cd dist && wc -c module.js */module.js | sed 's/^/  /')
