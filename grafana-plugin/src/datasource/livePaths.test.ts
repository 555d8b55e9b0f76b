/** Over a real WebSocket, to a server that says what the API's stream says. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { Path } from '../rest/types.ts';
import { type LivePaths, livePaths } from './livePaths.ts';

const path = (second: number, version = 1) =>
  ({ pathId: `p${second}`, startedAtUs: second * 1_000_000, version }) as unknown as Path;
const shown = ({ paths, missing }: LivePaths) => [paths.map(({ pathId }) => pathId), missing];

let server: WebSocketServer;
/** Addresses that were opened, in order. */
let opened: string[];
/** What each new connection is told. */
let greeting: (string | object)[];

beforeEach(async () => {
  Object.assign(globalThis, { WebSocket });
  opened = [];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket, request) => {
    opened.push(request.url ?? '');
    for (const each of greeting)
      if (each === 'close') socket.close();
      else socket.send(JSON.stringify(each));
  });
  await new Promise((resolve) => server.once('listening', resolve));
});
afterEach(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});

/** Everything shown until `isDone`. */
function follow(
  before: Path[],
  list: () => Promise<{ items: Path[] }>,
  isDone: (live: LivePaths) => boolean,
): Promise<LivePaths[]> {
  const address = `ws://127.0.0.1:${Reflect.get(Object(server.address()), 'port')}/live?a=b`;
  const all: LivePaths[] = [];
  return new Promise((resolve) => {
    const following = livePaths(address, before, 3, list).subscribe((live) => {
      all.push(live);
      if (!isDone(live)) return;
      setTimeout(() => following.unsubscribe());
      resolve(all);
    });
  });
}

test('the list first, then what is found; the newest version of a path, and the newest paths', async () => {
  greeting = [
    { type: 'hello', cursor: 'c0' },
    { type: 'path', cursor: 'c1', path: path(4) },
    { type: 'path', cursor: 'c2', path: path(2, 9) },
  ];
  // What came between the list and the begin of the stream is in the second list.
  const list = async () => ({ items: [path(3), path(2), path(1)] });
  const all = await follow([path(2), path(1)], list, ({ paths }) => paths.length === 3);
  expect(all[0] === undefined ? null : shown(all[0])).toEqual([['p2', 'p1'], '']);
  const last = all.at(-1);
  expect(last === undefined ? null : shown(last)).toEqual([['p4', 'p3', 'p2'], '']);
  expect(last?.paths[2]).toMatchObject({ version: 9 });
  expect(opened).toEqual(['/live?a=b']);
});

test('what was dropped is said', async () => {
  greeting = [
    { type: 'hello', cursor: 'c0' },
    { type: 'dropped', cursor: 'c1', count: 7, by: 'client' },
  ];
  const all = await follow(
    [path(1)],
    async () => ({ items: [] }),
    ({ missing }) => missing !== '',
  );
  expect(all.at(-1)?.missing).toBe('7 more came too fast to be sent. Filter.');
});

test('a stream that breaks says so, and goes on where it ended', async () => {
  greeting = [{ type: 'hello', cursor: 'c 0' }, 'close'];
  let lists = 0;
  const list = async () => {
    lists += 1;
    greeting = [{ type: 'hello', cursor: 'c1' }];
    return { items: lists === 1 ? [] : [path(5)] };
  };
  const all = await follow([path(1)], list, ({ paths }) => paths[0]?.pathId === 'p5');
  expect(all.map(({ missing }) => missing)).toContain('The stream broke: new paths are missing.');
  expect(all.at(-1)?.missing).toBe('');
  expect(opened).toEqual(['/live?a=b', '/live?a=b&cursor=c%200']);
});
