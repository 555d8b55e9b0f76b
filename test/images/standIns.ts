/**
 * What stands in for the images of others, which cannot be pulled here, under their names: the real Prometheus and
 * Alertmanager of Debian (older ones), the embedded ClickHouse with the server's users file, and a small server for Grafana.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildFrom, DEBIAN_IMAGE, NODE_IMAGE } from './base.ts';
import { run } from './command.ts';
import type { Podman } from './podman.ts';

export const STAND_INS = {
  clickhouse: 'docker.io/clickhouse/clickhouse-server:26.7',
  grafana: 'docker.io/grafana/grafana:13.2.2',
  prometheus: 'docker.io/prom/prometheus:v3.5.0',
  alertmanager: 'docker.io/prom/alertmanager:v0.28.1',
} as const;
type StandIn = keyof typeof STAND_INS;

/** Only what the healthchecks use. */
const WGET = 'COPY wget /usr/local/bin/wget';
const DOCKERFILES: Readonly<Record<StandIn, string>> = {
  clickhouse: `FROM ${NODE_IMAGE}
${WGET}
COPY clickhouse-server /usr/local/bin/clickhouse-server
RUN mkdir -p /var/lib/clickhouse && chown 101:101 /var/lib/clickhouse
`,
  grafana: `FROM ${NODE_IMAGE}
${WGET}
COPY grafana.mjs /usr/share/grafana.mjs
RUN mkdir -p /var/lib/grafana && chown 472:0 /var/lib/grafana
USER 472
EXPOSE 3000
ENTRYPOINT ["node", "/usr/share/grafana.mjs"]
`,
  prometheus: `FROM ${NODE_IMAGE}
${WGET}
COPY prometheus promtool /bin/
RUN mkdir -p /prometheus /etc/prometheus && chown 65534:65534 /prometheus
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
`,
  alertmanager: `FROM ${DEBIAN_IMAGE}
COPY prometheus-alertmanager amtool /bin/
COPY default.tmpl email.tmpl /usr/share/prometheus/alertmanager/
RUN mkdir -p /alertmanager /etc/alertmanager && chown 65534:65534 /alertmanager
WORKDIR /alertmanager
ENTRYPOINT ["/bin/prometheus-alertmanager"]
`,
};
const PROGRAMS = ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool'];
const FILES = ['wget', 'clickhouse-server', 'grafana.mjs'];
/** Debian's Alertmanager does not start without them. */
const TEMPLATES = ['default.tmpl', 'email.tmpl'];
const TEMPLATE_FOLDER = '/usr/share/prometheus/alertmanager';

export async function makeStandIns(podman: Podman, names: readonly StandIn[]): Promise<void> {
  const context = join(podman.folder, 'stand-ins');
  mkdirSync(context, { recursive: true });
  for (const file of FILES) copyFileSync(`test/images/standIns/${file}`, join(context, file));
  for (const program of PROGRAMS)
    copyFileSync(await run(['sh', '-c', `command -v ${program}`]), join(context, program));
  for (const name of TEMPLATES) copyFileSync(join(TEMPLATE_FOLDER, name), join(context, name));
  for (const name of names)
    await buildFrom(podman, { context, dockerfile: DOCKERFILES[name], tag: STAND_INS[name] });
  rmSync(context, { recursive: true });
}
