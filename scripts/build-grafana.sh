#!/usr/bin/env bash
# Installs what the Grafana app needs, checks its types and builds it into grafana-plugin/dist.
# The app is no npm workspace: a machine that never builds it does not download its libraries.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root/grafana-plugin"

# npm leaves what it installed in node_modules/.package-lock.json; older than the lock file means stale.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-fund --no-audit --loglevel=error
  touch node_modules/.package-lock.json
fi
node_modules/.bin/tsc --noEmit -p .
(cd "$root" && node --import tsx scripts/grafanaTypes.ts --check)
npm run --silent build -- --stats=errors-warnings
(cd dist && wc -c module.js */module.js | sed 's/^/  /')
