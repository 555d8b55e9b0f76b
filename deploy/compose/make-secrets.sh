#!/usr/bin/env bash
# Makes what docker-compose.yml has no default for: passwords, tokens and the secret of the cluster, each random, each in the
# file of the service that needs it. `npm run secrets [-- FOLDER]`; default: deploy/compose/secrets. Writes over nothing.
set -euo pipefail
folder=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/secrets}
if [ -e "$folder" ]; then
  echo "secrets: $folder is there already; take it away to make new ones (the old database keeps its old passwords)" >&2
  exit 1
fi
command -v openssl >/dev/null || { echo 'secrets: openssl is missing' >&2; exit 1; }
random() { openssl rand -hex 32; }
hash() { printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }

# Others of this machine cannot enter the folder. The files are readable for the users of the containers they are mounted
# into; those that are handed over as variables, for you alone.
umask 077
part=$folder.new.$$
mkdir -p "$part"
trap 'rm -rf "$part"' EXIT
owner=$(random) reader=$(random) agent=$(random)
person=$(random) grafana=$(random) prometheus=$(random)
cat >"$part/clickhouse.env" <<EOF
HOPTRACE_DATABASE_OWNER_PASSWORD=$owner
HOPTRACE_DATABASE_READER_PASSWORD=$reader
EOF
cat >"$part/collector.env" <<EOF
CLICKHOUSE_PASSWORD=$owner
HOPTRACE_COLLECTOR_TOKEN=$agent
EOF
echo "CLICKHOUSE_PASSWORD=$reader" >"$part/api.env"
cat >"$part/agent.env" <<EOF
HOPTRACE_AGENT_TOKEN=$agent
HOPTRACE_AGENT_CLUSTER_SECRET=$(random)
EOF
cat >"$part/grafana.env" <<EOF
GF_SECURITY_ADMIN_PASSWORD=$(random)
HOPTRACE_API_TOKEN=$grafana
EOF
echo "$person" >"$part/api-token"
printf %s "$prometheus" >"$part/prometheus-token"
cat >"$part/api-tokens.json" <<EOF
[
  {"name": "you", "role": "admin", "sha256": "$(hash "$person")"},
  {"name": "grafana", "role": "reader", "sha256": "$(hash "$grafana")"},
  {"name": "prometheus", "role": "reader", "sha256": "$(hash "$prometheus")"}
]
EOF
chmod 644 "$part/prometheus-token" "$part/api-tokens.json"
mv "$part" "$folder"
echo "secrets: $folder; the page asks for $folder/api-token, Grafana (admin) for that in $folder/grafana.env"
