import { DEFAULT_RULES } from '@hoptrace/domain/alerts/defaultRules.ts';
import { expect, test } from '@jest/globals';
import { AppError } from '../errors.ts';
import { parseRules, readAlertConfig } from './config.ts';

const read = (env: Record<string, string>, text = '') => readAlertConfig(env, () => text);

function errorOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.errors[0];
  }
  throw new Error('was accepted');
}

test('without settings the default rules are on, and nobody is told', () => {
  expect(read({})).toMatchObject({
    isOn: true,
    rules: DEFAULT_RULES,
    alertmanagerUrls: [],
    webhookUrls: [],
  });
});

test('a rules file changes what it names, adds rules, and leaves rules out', () => {
  const added = {
    ...{ id: 'web-refused', kind: 'refusedConnections', severity: 'info', threshold: 1 },
    ...{ minCount: 1, windowSeconds: 60, forSeconds: 0, keepFiringSeconds: 0 },
    match: { service: 'web' },
  };
  const rules = parseRules(
    JSON.stringify({
      rules: [{ id: 'refused-connections', threshold: 10 }, added],
      off: ['hop-slower'],
    }),
    'rules.json',
  );
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  expect(byId.get('refused-connections')).toMatchObject({ threshold: 10, windowSeconds: 60 });
  expect(byId.get('web-refused')).toEqual({ ...added, labels: {} });
  expect(byId.has('hop-slower')).toBe(false);
});

test('a bad rule is named with file, place, field and remedy', () => {
  const file = (rules: unknown) => errorOf(() => parseRules(JSON.stringify(rules), 'r.json'));
  expect(file({ rules: [{ id: 'refused-connections', threshold: -1 }] })?.field).toBe(
    'HOPTRACE_ALERTS_RULES_FILE r.json: rules[0] (refused-connections).threshold',
  );
  expect(file({ rules: [{ id: 'mine', kind: 'other' }] })?.field).toContain('rules[0] (mine).kind');
  expect(file({ off: ['no-such'] })?.remedy).toContain('refused-connections');
  expect(file({ rule: [] })?.text).toContain('rule');
  expect(errorOf(() => parseRules('{', 'r.json'))?.text).toContain('is no JSON');
});

test('a webhook needs a secret, and never shows it', () => {
  const url = { HOPTRACE_ALERTS_WEBHOOK_URL: 'https://example.org/hook' };
  expect(errorOf(() => read(url))?.field).toBe('HOPTRACE_ALERTS_WEBHOOK_SECRET');
  const short = errorOf(() => read({ ...url, HOPTRACE_ALERTS_WEBHOOK_SECRET: 'hunter2' }));
  expect(JSON.stringify(short)).not.toContain('hunter2');
  const file = { ...url, HOPTRACE_ALERTS_WEBHOOK_SECRET_FILE: '/run/secret' };
  expect(read(file, '0123456789abcdef\n').webhookSecret).toBe('0123456789abcdef');
});

test('an address that is none is named', () => {
  expect(
    errorOf(() => read({ HOPTRACE_ALERTS_ALERTMANAGER_URL: 'alertmanager:9093' })),
  ).toMatchObject({
    field: 'HOPTRACE_ALERTS_ALERTMANAGER_URL',
    text: expect.stringContaining('alertmanager:9093'),
  });
});
