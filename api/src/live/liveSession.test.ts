import { EventEmitter } from 'node:events';
import type { WebSocket } from '@fastify/websocket';
import { type LiveMessage, liveMessageSchema } from '@hoptrace/domain/rest/live.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../../test/samples/paths.ts';
import { memoryStore } from '../testing/memoryStore.ts';
import { LiveSession } from './liveSession.ts';
import { PathFeed } from './pathFeed.ts';

const [path] = samplePaths() as [Path];

/** A socket whose other end decides when it reads. */
function slowSocket() {
  const sent: LiveMessage[] = [];
  const unread: (() => void)[] = [];
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    send: (text: string, done: () => void) => {
      sent.push(liveMessageSchema.parse(JSON.parse(text)));
      unread.push(done);
    },
  });
  const readAll = () => {
    for (let done = unread.shift(); done !== undefined; done = unread.shift()) done();
  };
  return { socket: socket as unknown as WebSocket, sent, readAll };
}

test('a listener that does not read keeps the newest 500 and is told how many it lost, before them', () => {
  const { socket, sent, readAll } = slowSocket();
  let dropped = 0;
  const session = new LiveSession({
    socket,
    feed: new PathFeed({ store: memoryStore(), nowUs: () => 1, log: { warn: () => {} } }),
    filter: {},
    clusters: [],
    nowUs: () => 1,
    onDropped: (count) => {
      dropped += count;
    },
  });
  session.open('live', []);
  for (let seq = 1; seq <= 700; seq++) session.take({ seq, atUs: 1, path, lost: 0 });
  readAll();
  session.stop();
  expect(sent.slice(0, 3).map(({ type }) => type)).toEqual(['hello', 'path', 'dropped']);
  expect(sent[2]).toMatchObject({ count: 199, by: 'client' });
  expect(sent.filter(({ type }) => type === 'path')).toHaveLength(501);
  expect(dropped).toBe(199);
});
