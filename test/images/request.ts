/** A request that the agent is to see, and what the API tells of it. Both in the namespace of the containers. */
import { pathListSchema } from '@hoptrace/domain/rest/queries.ts';
import { NODE_IMAGE } from './base.ts';
import type { Podman } from './podman.ts';
import { expectThat, until } from './poll.ts';

export const SERVED_PORT = 18_999;
const SERVER = `require('http').createServer((q,r)=>r.end('hop')).listen(${SERVED_PORT})`;

/** Behind a bridge: the agent leaves out what never leaves the loopback device. Answers its URL. */
async function serveInside(podman: Podman): Promise<string> {
  await podman.podman([
    ...['run', '--detach', '--name=served', '--network=podman', NODE_IMAGE],
    ...['node', '-e', SERVER],
  ]);
  const format = '{{.NetworkSettings.IPAddress}}';
  const ip = await podman.podman(['inspect', '--format', format, 'served']);
  return `http://${ip}:${SERVED_PORT}/`;
}

/** The body; undefined where it is not answered with 2xx. */
export async function get(
  podman: Podman,
  url: string,
  token?: string,
): Promise<string | undefined> {
  const header = token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`];
  const command = ['curl', '-sS', '--fail', '--max-time', '10', ...header, url];
  const { status, stdout } = await podman.attemptInside(command);
  return status === 0 ? stdout : undefined;
}

/** Asks the server until the API shows a served path to it. `listUrl`: where its paths are asked for. */
export async function traceRequest(
  podman: Podman,
  { listUrl, token }: { readonly listUrl: string; readonly token: string },
): Promise<void> {
  const url = await serveInside(podman);
  try {
    const found = await until(
      async () => {
        await get(podman, url);
        const text = await get(podman, listUrl, token);
        if (text === undefined) return undefined;
        return pathListSchema
          .parse(JSON.parse(text))
          .items.find(
            (path) =>
              path.outcome === 'served' && JSON.stringify(path).includes(`:${SERVED_PORT},`),
          );
      },
      async () =>
        `no path to port ${SERVED_PORT}: ${(await get(podman, listUrl, token))?.slice(0, 2_000)}`,
    );
    expectThat(found.outcome === 'served', 'the request is told as served', found);
  } finally {
    await podman.podman(['rm', '--force', '--time', '0', 'served']);
  }
}
