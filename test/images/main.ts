/**
 * `npm run test:images`: builds every image of deploy/docker and runs what is in it, hardened as docker-compose.yml has it.
 * `npm run test:compose`: builds them and brings docker-compose.yml up with them. `… both` does the one and the other.
 * --keep FOLDER keeps the images there for the next run; without it nothing is left. Exit 3: this host cannot, and why.
 */
import { makeBaseImages } from './base.ts';
import { bringUp } from './bringUp.ts';
import { buildImage, IMAGES, type ImageName } from './build.ts';
import { checkAgent, checkServices } from './checks.ts';
import { EXIT_INCAPABLE, whyNoContainers } from './host.ts';
import { openPodman, type Podman } from './podman.ts';
import { makeStandIns, STAND_INS } from './standIns.ts';

const args = process.argv.slice(2);
const [what = 'images'] = args;
if (!['images', 'compose', 'both'].includes(what)) {
  console.error(`images: ${what} is none of images, compose, both`);
  process.exit(2);
}
const keep = args.includes('--keep') ? args[args.indexOf('--keep') + 1] : undefined;

const reason = whyNoContainers();
if (reason !== undefined) {
  console.error(`images: cannot be run here: ${reason}`);
  process.exit(EXIT_INCAPABLE);
}
const podman = await openPodman(keep);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void podman.close().finally(() => process.exit(1)));
try {
  await prepare(podman);
  if (what !== 'compose') await runImages(podman);
  if (what !== 'images') {
    const promises = 'healthy, hardened, a request traced through it, down';
    await timed(`docker-compose.yml: up, ${promises}`, () => bringUp(podman));
  }
} catch (error) {
  process.exitCode = 1;
  console.error(`FAIL ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await podman.close();
}

async function runImages(own: Podman): Promise<void> {
  await timed('agent: an event with exactly BPF, PERFMON and NET_ADMIN', () => checkAgent(own));
  await timed('collector, API and page', () => checkServices(own));
}

async function prepare(own: Podman): Promise<void> {
  await timed('base images of Debian packages', () => makeBaseImages(own));
  // Grafana's own image is the base of ours.
  const names = what === 'images' ? (['clickhouse', 'grafana'] as const) : keysOf(STAND_INS);
  await timed('stand-ins for images of others', () => makeStandIns(own, names));
  for (const name of keysOf(IMAGES))
    await timed(`build ${name}`, () => buildImage(own, name as ImageName));
}

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] {
  return Object.keys(record) as K[];
}

async function timed(what: string, action: () => Promise<void>): Promise<void> {
  const startedMs = Date.now();
  await action();
  console.log(`ok   ${what} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
}
