import { EVIDENCE } from './evidence.ts';
import { HEADERS } from './headers.ts';
import { PROXIES } from './proxies.ts';
import type { Scenario } from './scenario.ts';
import { TRANSLATION } from './translation.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...TRANSLATION,
  ...EVIDENCE,
  ...PROXIES,
  ...HEADERS,
].sort((a, b) => (a.folder < b.folder ? -1 : 1));
