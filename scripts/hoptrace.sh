#!/usr/bin/env bash
# `npm run hoptrace -- …`: the command from source; a running agent as the bundle, where there is a fresh one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
agent=$root/agent/build/hoptrace-agent

is_fresh() {
  [ -x "$agent" ] && [ -z "$(find "$root/agent/src" "$root/domain/src" -type f -newer "$agent" -print -quit)" ]
}

case "$*" in
agent | 'agent run') is_fresh && exec "$agent" ;;
esac
exec "$root/node_modules/.bin/tsx" "$root/cli/src/main.ts" "$@"
