/**
 * The base images, made here instead of pulled: Debian from its packages, node from this machine. They bear the names that
 * the Dockerfiles ask for, so that nothing is pulled.
 */
import { cpSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, run } from './command.ts';
import type { Podman } from './podman.ts';

export const DEBIAN_IMAGE = 'docker.io/library/debian:bookworm-slim';
export const NODE_IMAGE = 'docker.io/library/node:20.20.2-bookworm-slim';

const NODE_DOCKERFILE = `FROM ${DEBIAN_IMAGE}
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && groupadd -g 1000 node && useradd -u 1000 -g 1000 -m node
`;

export async function makeBaseImages(podman: Podman): Promise<void> {
  const known = await attempt(['podman', 'image', 'exists', NODE_IMAGE], { env: podman.env });
  if (known.status === 0) return;
  const tar = join(podman.folder, 'debian.tar');
  await run([
    ...['mmdebstrap', '--quiet', '--variant=minbase', '--include=ca-certificates,libstdc++6'],
    ...['bookworm', tar, 'http://deb.debian.org/debian'],
  ]);
  await podman.build(['import', '--quiet', tar, DEBIAN_IMAGE]);
  rmSync(tar);
  const context = join(podman.folder, 'node');
  mkdirSync(context, { recursive: true });
  cpSync(process.execPath, join(context, 'node'));
  const npm = realpathSync(await run(['sh', '-c', 'command -v npm']));
  cpSync(dirname(dirname(npm)), join(context, 'npm'), { recursive: true });
  await buildFrom(podman, { context, dockerfile: NODE_DOCKERFILE, tag: NODE_IMAGE });
  rmSync(context, { recursive: true });
}

export interface SmallImage {
  readonly context: string;
  readonly dockerfile: string;
  readonly tag: string;
}

export async function buildFrom(podman: Podman, image: SmallImage): Promise<void> {
  const file = join(podman.folder, 'Dockerfile');
  writeFileSync(file, image.dockerfile);
  await podman.build([
    ...['build', '--quiet', '--network=host', '--format=docker'],
    ...['--file', file, '--tag', image.tag, image.context],
  ]);
}
