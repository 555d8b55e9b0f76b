import { expect, test } from '@jest/globals';
import { type Suite, suitesNamed } from './suite.ts';

const suite = (name: string): Suite => ({ name, text: name, run: async () => [] });
const suites = [suite('refusals'), suite('proxy')];
const names = (list: string) => suitesNamed(list, suites).map(({ name }) => name);

test('suites are chosen in the order of the list, each once', () => {
  expect(names('proxy, refusals')).toEqual(['proxy', 'refusals']);
  expect(names('proxy,proxy')).toEqual(['proxy']);
});

test.each([
  ['refusals,proxi', /"proxi"/],
  ['', /""/],
])('the list %j is refused by name', (list, message) => {
  expect(() => suitesNamed(list, suites)).toThrow(message);
});
