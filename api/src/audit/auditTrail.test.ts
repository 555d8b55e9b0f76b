import type { AuditEntry } from '@hoptrace/domain/rest/audit.ts';
import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { createAuditMetrics } from './auditMetrics.ts';
import { AuditTrail } from './auditTrail.ts';
import { withoutSecrets } from './entry.ts';

const entry = (entryId: string): AuditEntry => ({
  ...{ entryId, atUs: 1, caller: 'ann', role: 'operator', tenant: null, clusters: [] },
  ...{ address: '127.0.0.1', action: 'createSilence', subject: null, outcome: 'done' },
  ...{ status: 201, code: null, requestId: 'r', before: null, after: null },
});

function trailOver(write: (ids: string[]) => Promise<void>) {
  const registry = new Registry();
  const said: string[] = [];
  const trail = new AuditTrail({
    write: (entries) => write(entries.map(({ entryId }) => entryId)),
    metrics: createAuditMetrics(registry),
    log: (_level, event) => said.push(event),
  });
  const metric = async (name: string) =>
    (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  return { trail, said, metric };
}

test('what is to be kept is written before the answer, with what waited, in one batch', async () => {
  const batches: string[][] = [];
  const { trail } = trailOver(async (ids) => void batches.push(ids));
  trail.note(entry('a'));
  trail.note(entry('b'));
  await trail.keep(entry('c'));
  expect(batches).toEqual([['a', 'b', 'c']]);
});

test('while a batch is being written, the next entry waits for the next one', async () => {
  const batches: string[][] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { trail } = trailOver(async (ids) => {
    batches.push(ids);
    if (batches.length === 1) await held;
  });
  const first = trail.keep(entry('a'));
  const second = trail.keep(entry('b'));
  release();
  await Promise.all([first, second]);
  expect(batches).toEqual([['a'], ['b']]);
});

test('a batch that the store does not take is tried again as it was', async () => {
  const batches: string[][] = [];
  let isDown = true;
  const { trail, said, metric } = trailOver(async (ids) => {
    batches.push(ids);
    if (isDown) throw new Error('down');
  });
  await trail.keep(entry('a'));
  trail.note(entry('b'));
  expect(await metric('hoptrace_api_audit_entries_waiting')).toBe(2);
  isDown = false;
  await trail.close();
  expect(batches).toEqual([['a'], ['a'], ['a'], ['b']]);
  expect(said).toEqual(['audit entries wait: not stored', 'audit entries are kept again']);
});

test('a store that stays away: what is left at the end is counted, beyond the bound at once', async () => {
  const { trail, said, metric } = trailOver(async () => {
    throw new Error('down');
  });
  for (let number = 0; number < 10_001; number++) trail.note(entry(String(number)));
  expect(await metric('hoptrace_api_audit_entries_lost_total')).toBe(1);
  await trail.close();
  expect(await metric('hoptrace_api_audit_entries_lost_total')).toBe(10_001);
  expect(said).toContain('audit entries are lost');
});

test('values under names that speak of secrets are not kept, at any depth', () => {
  const document = {
    ...{ comment: 'x', apiKey: 'k', sinks: [{ url: 'u', webhookSecret: 's' }] },
    ...{ nested: { Authorization: 'Bearer', passwords: ['p'] } },
  };
  expect(withoutSecrets(document)).toEqual({
    ...{ comment: 'x', apiKey: '(not kept)', sinks: [{ url: 'u', webhookSecret: '(not kept)' }] },
    ...{ nested: { Authorization: '(not kept)', passwords: '(not kept)' } },
  });
});
