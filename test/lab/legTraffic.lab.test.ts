/** What a path says that its connections carried, held against what the client counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeOnCapableHost } from './capableHost.ts';
import { startStack } from './check/stack.ts';
import { inNamespace, run } from './command.ts';
import { type Lab, openLab } from './lab.ts';
import { namespaceOf } from './names.ts';

const TIMEOUT_MS = 180_000;
const GIVE_UP_MS = 60_000;
const POLL_MS = 250;
/** controller-node1: one ingress Pod, on the entry node. */
const TARGET = '192.168.50.11:30084';
const UPLOAD_BYTES = 40_000;

/** One request with a body, on a connection that the client closes. Answers what curl sent and received. */
async function upload(lab: Lab): Promise<{ sent: number; received: number }> {
  const client = namespaceOf(lab.namespaces, { role: 'client' });
  const sizes = '%{size_request} %{size_upload} %{size_header} %{size_download}';
  const words = ['-sS', '-o', '/dev/null', '-H', 'Expect:', '-w', sizes];
  const body = ['--data-binary', 'x'.repeat(UPLOAD_BYTES), `http://${TARGET}/counted`];
  const said = await run('nsenter', inNamespace(client.path, 'curl', ...words, ...body));
  const [request = 0, up = 0, header = 0, down = 0] = said.trim().split(' ').map(Number);
  expect(up).toBe(UPLOAD_BYTES);
  // Versions of curl differ in whether the request's size has the body in it.
  return { sent: request > up ? request : request + up, received: header + down };
}

describeOnCapableHost('bytes of a path in the lab')('leg traffic', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ backend: 'iptables', delayMs: 0 });
  }, TIMEOUT_MS);
  afterAll(() => lab?.down(), TIMEOUT_MS);

  test(
    "each hop of the client's connection carried what the client sent and received, and says who closed it",
    async () => {
      const stack = await startStack(lab, { recordFolder: null });
      try {
        const fromUs = Date.now() * 1000;
        const { sent, received } = await upload(lab);
        const wanted = {
          ...{ clientBytes: sent, serverBytes: received, closed: 'finByClient' },
          ...{ clientRetransmits: expect.any(Number), serverRetransmits: expect.any(Number) },
        };
        const isTold = (traffic: unknown) => expect(traffic).toEqual(wanted);
        const deadlineMs = Date.now() + GIVE_UP_MS;
        for (;;) {
          const [path] = await stack.pathsSince(fromUs);
          const own = (path?.hops ?? []).filter(({ kind }) => kind !== 'proxy');
          const isOver = own.length > 0 && own.every(({ traffic }) => traffic?.closed !== 'open');
          if (!isOver && Date.now() < deadlineMs) {
            await sleep(POLL_MS);
            continue;
          }
          expect(own.length).toBeGreaterThanOrEqual(2);
          for (const { traffic } of own) isTold(traffic);
          return;
        }
      } finally {
        await stack.close();
      }
    },
    TIMEOUT_MS,
  );
});
