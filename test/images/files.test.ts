/** The files in deploy/ that repeat what the sources decide. */
import { readFileSync } from 'node:fs';
import { grantsOf } from '@hoptrace/store/users/roles.ts';
import { expect, test } from '@jest/globals';
import { AGENT_NODE_FLAGS } from '../../scripts/bundleAgent.ts';

const fileOf = (path: string) =>
  readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');

test("the agent's image starts Node with the flags of the agent's own starter", () => {
  const entry = /^ENTRYPOINT (.*)$/m.exec(fileOf('docker/agent.Dockerfile'))?.[1] ?? '[]';
  expect((JSON.parse(entry) as string[]).slice(1, -1)).toEqual([...AGENT_NODE_FLAGS]);
});

test("the API's user of the compose file has the rights of a reader, and no others", () => {
  const xml = fileOf('compose/clickhouse/users.xml');
  const user = /<hoptrace_reader>\s*<password[\s\S]*?<\/hoptrace_reader>/.exec(xml)?.[0] ?? '';
  const grants = [...user.matchAll(/<query>GRANT (.*?)<\/query>/g)].map(([, grant]) => grant);
  expect(grants.sort()).toEqual([...grantsOf('reader', 'hoptrace')].sort());
});
