/** An alert store that a test scripts, and a receiver of real HTTP calls. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AlertState } from '@hoptrace/domain/alerts/lifecycle.ts';
import type { AlertRule, Silence } from '@hoptrace/domain/rest/alerts.ts';
import { Registry } from 'prom-client';
import { createAlertMetrics } from '../alerts/alertMetrics.ts';
import type { AlertStore } from '../alerts/alertStore.ts';
import { AlertEngine, type EngineDeps } from '../alerts/engine.ts';

export const T_US = 1_700_000_000_000_000;

export interface ScriptedStore extends AlertStore {
  refused: number;
  isDown: boolean;
  isReadOnly: boolean;
  readonly states: Map<string, AlertState>;
  readonly silences: Map<string, Silence>;
}

export function scriptedStore(): ScriptedStore {
  const states = new Map<string, AlertState>();
  const silences = new Map<string, Silence>();
  const up = async <T>(answer: () => T): Promise<T> => {
    if (store.isDown) throw new Error('store is down');
    return answer();
  };
  const store: ScriptedStore = {
    refused: 0,
    isDown: false,
    isReadOnly: false,
    states,
    silences,
    refusedAttempts: () =>
      up(() =>
        store.refused === 0
          ? []
          : [
              {
                ...{ cluster: 'lab', namespace: 'shop', service: 'web', node: 'node3' },
                ...{ cause: 'noLocalEndpoints', attempts: store.refused },
                ...{ pathId: 'path-1', remedy: 'Run a Pod there.' },
              },
            ],
      ),
    sendings: () => up(() => []),
    serviceShares: () => up(() => []),
    hopDurations: () => up(() => []),
    agentsSince: () => up(() => []),
    readStates: () => up(() => [...states.values()]),
    writeStates: (changed) =>
      up(() => {
        if (store.isReadOnly) throw new Error('not allowed to write');
        for (const state of changed) states.set(state.alertId, state);
      }),
    readSilences: (nowUs) => up(() => [...silences.values()].filter((s) => s.endsAtUs > nowUs)),
    writeSilence: (silence) =>
      up(() => {
        silences.set(silence.silenceId, silence);
      }),
  };
  return store;
}

export const REFUSED: AlertRule = {
  id: 'refused-connections',
  kind: 'refusedConnections',
  severity: 'critical',
  ...{ threshold: 3, minCount: 3, windowSeconds: 60, forSeconds: 0, keepFiringSeconds: 0 },
  ...{ match: {}, labels: {} },
};

/** `clock.us` is what the engine takes for now. */
export function engineWith(store: AlertStore, more: Partial<EngineDeps> = {}) {
  const clock = { us: T_US };
  const registry = new Registry();
  const said: string[] = [];
  const engine = new AlertEngine({
    store,
    rules: [REFUSED],
    sinks: [],
    metrics: createAlertMetrics(registry),
    intervalMs: 1000,
    queryTimeoutMs: 60_000,
    nowUs: () => clock.us,
    log: (_level, event) => said.push(event),
    ...more,
  });
  const turn = async (afterSeconds: number) => {
    clock.us += afterSeconds * 1_000_000;
    await engine.evaluate();
  };
  return { engine, clock, registry, said, turn };
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** On loopback; answers `answer.status`. Waiting is by polling `calls`. */
export async function receiver() {
  const calls: Received[] = [];
  const answer = { status: 200 };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      calls.push({ path: request.url ?? '', headers: request.headers, body });
      response.statusCode = answer.status;
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    answer,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
