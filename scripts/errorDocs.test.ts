import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { errorDocs } from './errorDocs.ts';

const FILE = new URL('../docs/errors.md', import.meta.url);

test('docs/errors.md is what the error tables say', () => {
  if (process.env.UPDATE === '1') writeFileSync(FILE, errorDocs());
  expect(readFileSync(FILE, 'utf8')).toBe(errorDocs());
});
