/** How soon a watch names again what changed while its revision was compacted away: cut, 410, list, over real HTTP. */

import { TopologyBook } from '@hoptrace/collector/topology/topologyBook.ts';
import { WATCH_TIMES } from '@hoptrace/collector/topology/topologyService.ts';
import { ClusterWatch } from '@hoptrace/collector/topology/watch/clusterWatch.ts';
import { watchTargets } from '@hoptrace/collector/topology/watch/kinds.ts';
import { KubeAccess } from '@hoptrace/collector/topology/watch/kubeAccess.ts';
import { ApiServer } from '../../integration/topology/apiServer.ts';

const ROUNDS = 10;
const PODS = 2000;

/** The longest of the rounds, in seconds. */
export async function slowestRecovery(): Promise<number> {
  const server = new ApiServer();
  const url = await server.listen();
  for (let n = 0; n < PODS; n += 1) server.put(pod(`p${n}`, `10.1.${n >> 8}.${n & 255}`));
  const book = new TopologyBook({ keepUs: 3600e6, maxEnded: 100_000 });
  const access = new KubeAccess({ kind: 'server', url, tokenFile: null, caFile: null });
  const watch = new ClusterWatch({
    ...{ ...WATCH_TIMES, book, cluster: 'bench', access, nowMs: Date.now, onUnreadable: () => {} },
  });
  watch.start();
  const isNamed = (ip: string) => book.topologyAt('bench', Date.now() * 1000).podByIp.has(ip);
  try {
    await until(() => isNamed('10.1.0.1') && server.watcherCount === watchTargets([]).length);
    let slowestMs = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      // A watch that works has heard something; 410s that follow each other at once are slowed down on purpose.
      await new Promise((resolve) => setTimeout(resolve, 3 * server.bookmarkMs));
      server.put(pod(`late-${round}`, `10.2.0.${round}`));
      server.compact();
      server.failNext('Pod', { kind: 'goneEvent' });
      const startMs = performance.now();
      server.cutWatches('Pod', 0);
      // This one comes by the list alone.
      const unseen = `10.3.0.${round}`;
      server.put(pod(`unseen-${round}`, unseen));
      await until(() => isNamed(unseen) && server.watcherCount === watchTargets([]).length);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
    return slowestMs / 1000;
  } finally {
    await watch.close();
    await server.close();
  }
}

function pod(name: string, ip: string) {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName: 'a', containers: [] },
    status: { phase: 'Running', podIPs: [{ ip }] },
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
