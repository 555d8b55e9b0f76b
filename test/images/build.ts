/** Builds the images of deploy/docker from their Dockerfiles. */
import { existsSync } from 'node:fs';
import type { Podman } from './podman.ts';

/** As docker-compose.yml names them. */
export const IMAGES = {
  collector: 'docker.io/hoptrace/collector:0.1.0',
  api: 'docker.io/hoptrace/api:0.1.0',
  agent: 'docker.io/hoptrace/agent:0.1.0',
  grafana: 'docker.io/hoptrace/grafana:0.1.0',
} as const;
export type ImageName = keyof typeof IMAGES;

/** For networks that look into TLS: the build asks for it as a secret, and no layer holds it. */
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

export async function buildImage(podman: Podman, name: ImageName): Promise<void> {
  await podman.build([
    ...['build', '--quiet', '--network=host', '--format=docker'],
    ...(existsSync(AUTHORITIES) ? ['--secret', `id=npm_ca,src=${AUTHORITIES}`] : []),
    ...(name === 'grafana' ? ['--build-arg', 'PLUGIN=prebuilt'] : []),
    ...['--file', `deploy/docker/${name}.Dockerfile`, '--tag', IMAGES[name], '.'],
  ]);
}
