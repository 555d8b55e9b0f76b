/**
 * The suite `alerts`: quiet while all is well, and firing within seconds, for the right service, node and cause, when
 * clients are refused. The whole product runs beside the lab: agents, collector, ClickHouse, API.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Alert, alertListSchema } from '@hoptrace/domain/rest/alerts.ts';
import { type Stack, startStack } from '../../check/stack.ts';
import { type Lab, openLab } from '../../lab.ts';
import type { Suite, SuiteOptions, SuiteRow } from '../suite.ts';

export const ALERTS: Suite = {
  name: 'alerts',
  text: 'quiet while all is well; refused clients fire within 10 s, rightly named, and are resolved',
  run: runAlerts,
};

const LIMIT_MS = 10_000;
/** The rule as shipped looks back a minute; here a shorter while, so that the end comes while somebody waits. */
const RULES = {
  rules: [{ id: 'refused-connections', windowSeconds: 15, keepFiringSeconds: 0 }],
};
/** What fires for no other reason than that it looks: several evaluations, and roll-ups of all that was served. */
const QUIET_MS = 8_000;
const FIRE_TIMEOUT_MS = 60_000;
const RESOLVE_TIMEOUT_MS = 120_000;
const POLL_MS = 200;
const ATTEMPTS = 5;
const WELL = ['cross-node-cluster', 'local-with-pod', 'haproxy-proxy-v2'];

interface AlertRow extends SuiteRow {
  /** Alerts that should not be. */
  readonly wrong?: readonly string[];
  /** From the first attempt; null: it never fired. */
  readonly afterMs?: number | null;
  readonly limitMs?: number;
  readonly text?: string;
  readonly remedy?: string;
}

interface Ill {
  readonly scenario: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** What is broken how, and who must be named. A port that no Service has is nobody's alert. */
const ILL: readonly Ill[] = [
  {
    scenario: 'local-without-pod',
    labels: { service: 'controller-local', node: 'node3', cause: 'noLocalEndpoints' },
  },
  {
    scenario: 'no-endpoints',
    labels: { service: 'orphan', node: 'node1', cause: 'noEndpoints' },
  },
];
const NOBODYS = 'closed-port';

async function runAlerts({ backends, onRow }: SuiteOptions): Promise<SuiteRow[]> {
  const rows: SuiteRow[] = [];
  for (const backend of backends) {
    const lab = await openLab({ backend });
    try {
      const rulesFile = join(lab.folder, 'alert-rules.json');
      writeFileSync(rulesFile, JSON.stringify(RULES));
      const stack = await startStack(lab, {
        recordFolder: null,
        alertEnv: { HOPTRACE_ALERTS_RULES_FILE: rulesFile },
      });
      try {
        for (const row of await measure(lab, stack)) {
          onRow(row);
          rows.push(row);
        }
      } finally {
        await stack.close();
      }
    } finally {
      await lab.down();
    }
  }
  return rows;
}

async function measure(lab: Lab, stack: Stack): Promise<AlertRow[]> {
  await lab.traffic({ scenarios: WELL, requests: 60 });
  await sleep(QUIET_MS);
  const early = await firing(stack);
  const startedUs = Date.now() * 1000;
  const scenarios = [...ILL.map(({ scenario }) => scenario), NOBODYS];
  const ended = lab.traffic({ scenarios, requests: ATTEMPTS });
  const fired = await until(FIRE_TIMEOUT_MS, async () => {
    const seen = await firing(stack);
    return ILL.every((ill) => seen.some((alert) => isOf(ill, alert))) ? seen : null;
  });
  await ended;
  const seen = fired ?? (await firing(stack));
  const others = seen.filter((alert) => !ILL.some((ill) => isOf(ill, alert)));
  const isOver = await until(RESOLVE_TIMEOUT_MS, async () =>
    (await firing(stack)).length === 0 ? true : null,
  );
  const name = (text: string) => `alerts ${lab.backend}: ${text}`;
  const none = (text: string, alerts: readonly Alert[]): AlertRow => ({
    ...{ name: name(text), value: alerts.length, goal: 0, unit: 'alerts' },
    met: alerts.length === 0,
    wrong: alerts.map((alert) => alert.text),
  });
  return [
    none('while all is well', early),
    ...ILL.map((ill) => firedRow(name, ill, seen, startedUs)),
    none('for what was not broken', others),
    {
      ...{ name: name('resolved when it is over'), value: Number(isOver === true), goal: 1 },
      ...{ unit: 'of 1', met: isOver === true },
    },
  ];
}

function firedRow(
  name: (text: string) => string,
  ill: Ill,
  seen: readonly Alert[],
  startedUs: number,
): AlertRow {
  const alert = seen.find((each) => isOf(ill, each));
  const afterMs = alert === undefined ? null : ((alert.firedAtUs ?? 0) - startedUs) / 1000;
  return {
    ...{ name: name(`${ill.scenario} fires, rightly named`), value: Number(alert !== undefined) },
    ...{
      goal: 1,
      unit: 'of 1',
      met: alert !== undefined && afterMs !== null && afterMs <= LIMIT_MS,
    },
    afterMs: afterMs === null ? null : Math.round(afterMs),
    limitMs: LIMIT_MS,
    text: alert?.text ?? '',
    remedy: alert?.remedy ?? '',
  };
}

const isOf = ({ labels }: Ill, alert: Alert): boolean =>
  alert.ruleId === 'refused-connections' &&
  Object.entries(labels).every(([label, value]) => alert.labels[label] === value);

async function firing(stack: Stack): Promise<Alert[]> {
  const url = new URL('/api/v1/alerts?state=firing', stack.apiUrl);
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  return alertListSchema.parse(await response.json()).items;
}

async function until<T>(timeoutMs: number, ask: () => Promise<T | null>): Promise<T | null> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null || Date.now() > deadlineMs) return answer;
    await sleep(POLL_MS);
  }
}
