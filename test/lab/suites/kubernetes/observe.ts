/** Asks hoptrace again and again, as somebody who waits for an answer would, and notes when each thing was first said. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Alert, alertListSchema } from '@hoptrace/domain/rest/alerts.ts';
import { type RefusalItem, refusalListSchema } from '@hoptrace/domain/rest/queries.ts';

const POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 20_000;
/** An explanation that comes later than this is far too late whenever it comes. */
const LOOK_BACK_MS = 20_000;

export interface FirstSaid {
  readonly atUs: number;
  readonly cause: string;
}

export interface Observer {
  /** By the client's `ip:port`: when the refusal was first explained, cause and remedy. */
  readonly explained: ReadonlyMap<string, FirstSaid>;
  /** Everything that ever fired, by its id, as last seen. */
  readonly fired: ReadonlyMap<string, Alert>;
  /** Ids of what fires now. */
  readonly firing: ReadonlySet<string>;
  stop(): Promise<void>;
}

export function observe(apiUrl: string): Observer {
  const explained = new Map<string, FirstSaid>();
  const fired = new Map<string, Alert>();
  const firing = new Set<string>();
  let isOver = false;
  const turn = async () => {
    const refusals = await askRefusals(apiUrl);
    const atUs = Date.now() * 1000;
    for (const each of refusals) {
      const key = `${each.client.ip}:${each.client.port}`;
      const { cause, remedy } = each;
      if (cause !== 'unknown' && remedy !== '' && !explained.has(key))
        explained.set(key, { atUs, cause });
    }
    const alerts = await askFiring(apiUrl);
    firing.clear();
    for (const alert of alerts) {
      firing.add(alert.alertId);
      fired.set(alert.alertId, alert);
    }
  };
  const running = (async () => {
    while (!isOver) {
      await turn();
      await sleep(POLL_MS);
    }
  })();
  // Whoever stops it hears what went wrong.
  running.catch(() => {});
  return {
    ...{ explained, fired, firing },
    stop: () => {
      isOver = true;
      return running;
    },
  };
}

async function askRefusals(apiUrl: string): Promise<readonly RefusalItem[]> {
  const url = new URL('/api/v1/refusals', apiUrl);
  url.searchParams.set('from', String((Date.now() - LOOK_BACK_MS) * 1000));
  url.searchParams.set('limit', '1000');
  return refusalListSchema.parse(await ask(url)).items;
}

async function askFiring(apiUrl: string): Promise<readonly Alert[]> {
  const url = new URL('/api/v1/alerts?state=firing', apiUrl);
  return alertListSchema.parse(await ask(url)).items;
}

async function ask(url: URL): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`);
  return response.json();
}
