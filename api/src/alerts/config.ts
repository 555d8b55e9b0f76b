/** Settings of alerts: environment in, frozen object out. Each default says why. */
import { DEFAULT_RULES } from '@hoptrace/domain/alerts/defaultRules.ts';
import { type AlertRule, alertRuleSchema } from '@hoptrace/domain/rest/alerts.ts';
import { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';

const urlList = z
  .string()
  .transform((text) => text.split(',').flatMap((each) => each.trim() || []))
  .pipe(z.array(z.url({ protocol: /^https?$/, error: 'must be http:// or https:// addresses' })));

const environmentSchema = z.object({
  /** `off` where several API processes answer and one of them watches. */
  HOPTRACE_ALERTS: z.enum(['on', 'off']).default('on'),
  /** Refusals are to be told within seconds; what changes slower is asked for less often. */
  HOPTRACE_ALERTS_INTERVAL_MS: z
    .string()
    .regex(/^\d+$/, 'must be an integer')
    .transform(Number)
    .pipe(z.int().min(500).max(60_000))
    .prefault('2000'),
  /** More rules, other thresholds, or rules to leave out; see docs/alerts.md. */
  HOPTRACE_ALERTS_RULES_FILE: z.string().optional(),
  /** Of Alertmanagers, separated by commas: every one of a cluster is told. */
  HOPTRACE_ALERTS_ALERTMANAGER_URL: urlList.prefault(''),
  HOPTRACE_ALERTS_WEBHOOK_URL: urlList.prefault(''),
  /** Signs what is sent to webhooks. No default: a default is no secret. */
  HOPTRACE_ALERTS_WEBHOOK_SECRET: z.string().min(16, 'needs at least 16 characters').optional(),
  HOPTRACE_ALERTS_WEBHOOK_SECRET_FILE: z.string().optional(),
  /** Where people open the page: links in notifications begin with it. */
  HOPTRACE_ALERTS_PAGE_URL: z.url().optional(),
});

const rulesFileSchema = z.strictObject({
  rules: z.array(z.looseObject({ id: z.string() })).default([]),
  off: z.array(z.string()).default([]),
});

export interface AlertConfig {
  readonly isOn: boolean;
  readonly intervalMs: number;
  readonly rules: readonly AlertRule[];
  readonly alertmanagerUrls: readonly string[];
  readonly webhookUrls: readonly string[];
  readonly webhookSecret: string | null;
  readonly pageUrl: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws HOP_CONFIG_INVALID that names the variable, or the field in the rules file. */
export function readAlertConfig(env: Environment, readText: (path: string) => string): AlertConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => problemOf(issue, given)));
  const settings = parsed.data;
  const file = settings.HOPTRACE_ALERTS_RULES_FILE;
  const secretFile = settings.HOPTRACE_ALERTS_WEBHOOK_SECRET_FILE;
  const secret =
    secretFile === undefined
      ? settings.HOPTRACE_ALERTS_WEBHOOK_SECRET
      : readOr('HOPTRACE_ALERTS_WEBHOOK_SECRET_FILE', secretFile, readText).trim();
  if (settings.HOPTRACE_ALERTS_WEBHOOK_URL.length > 0 && secret === undefined)
    throw invalid([
      {
        field: 'HOPTRACE_ALERTS_WEBHOOK_SECRET',
        text: 'is not set, and webhooks are: their receiver could not tell who calls.',
        remedy: 'Set it (16 characters or more), or HOPTRACE_ALERTS_WEBHOOK_SECRET_FILE.',
      },
    ]);
  return Object.freeze({
    isOn: settings.HOPTRACE_ALERTS === 'on',
    intervalMs: settings.HOPTRACE_ALERTS_INTERVAL_MS,
    rules:
      file === undefined
        ? DEFAULT_RULES
        : parseRules(readOr('HOPTRACE_ALERTS_RULES_FILE', file, readText), file),
    alertmanagerUrls: settings.HOPTRACE_ALERTS_ALERTMANAGER_URL,
    webhookUrls: settings.HOPTRACE_ALERTS_WEBHOOK_URL,
    webhookSecret: secret ?? null,
    pageUrl: settings.HOPTRACE_ALERTS_PAGE_URL ?? null,
  });
}

/**
 * `{"rules": [{"id": "refused-connections", "threshold": 10}], "off": ["hop-slower"]}`: a rule with the id of a default
 * one changes what it names, another one says everything. Throws HOP_CONFIG_INVALID naming file, rule and field.
 */
export function parseRules(text: string, file: string): AlertRule[] {
  const fail = (where: string, problem: string, remedy: string) =>
    invalid([{ field: `HOPTRACE_ALERTS_RULES_FILE ${file}: ${where}`, text: problem, remedy }]);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('the file', `is no JSON: ${reason}.`, 'Write {"rules": [], "off": []}.');
  }
  const parsed = rulesFileSchema.safeParse(document);
  const issue = parsed.error?.issues[0];
  if (!parsed.success)
    throw fail(issue?.path.join('.') ?? '', `${issue?.message}.`, 'See docs/alerts.md.');
  const rules = new Map(DEFAULT_RULES.map((rule) => [rule.id, rule] as const));
  for (const id of parsed.data.off)
    if (!rules.delete(id))
      throw fail('off', `"${id}" is no default rule.`, `Use ${[...rules.keys()].join(', ')}.`);
  for (const [index, given] of parsed.data.rules.entries()) {
    const base = rules.get(given.id) ?? { match: {}, labels: {} };
    const rule = alertRuleSchema.safeParse({ ...base, ...given });
    const problem = rule.error?.issues[0];
    if (!rule.success)
      throw fail(
        `rules[${index}] (${given.id}).${problem?.path.join('.')}`,
        `${problem?.message}.`,
        'Correct it; docs/alerts.md lists the fields.',
      );
    rules.set(rule.data.id, rule.data);
  }
  return [...rules.values()];
}

function readOr(field: string, path: string, readText: (path: string) => string): string {
  try {
    return readText(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid([{ field, text: `${path}: ${reason}.`, remedy: 'Name a readable file.' }]);
  }
}

function problemOf(issue: z.core.$ZodIssue, env: Environment): FieldError {
  const field = String(issue.path[0] ?? 'environment');
  const isSecret = field === 'HOPTRACE_ALERTS_WEBHOOK_SECRET';
  return {
    field,
    text: isSecret ? `${issue.message}.` : `"${env[field] ?? ''}": ${issue.message}.`,
    remedy: 'Correct the variable, or unset it for the default.',
  };
}

function invalid(errors: readonly FieldError[]): AppError {
  return new AppError('HOP_CONFIG_INVALID', 'alerts cannot be set up', { errors });
}
