import { expect, test } from '@jest/globals';
import { engineConfigXml, engineUsersXml } from './engineConfig.ts';

const password = '0123456789abcdef';

test('a directory with characters of XML stays one text', () => {
  const xml = engineConfigXml({ engineDir: '/a <b>&"c"', password });
  expect(xml).toContain('<users_config>/a &#60;b&#62;&#38;&#34;c&#34;/users.xml</users_config>');
});

test('every handler but /ping asks for the password', () => {
  const xml = engineConfigXml({ engineDir: '/data', password });
  const rules = [...xml.matchAll(/<rule>(.*?)<\/rule>/g)].map((match) => match[1] ?? '');
  const basic = Buffer.from(`hoptrace:${password}`).toString('base64');
  const open = rules.filter((rule) => !rule.includes(basic) && !rule.includes(password));
  expect(rules).toHaveLength(3);
  expect(open).toEqual(['<url>/ping</url><handler><type>ping</type></handler>']);
});

test('users.xml holds the hash of the password, not the password', () => {
  const xml = engineUsersXml({ password });
  expect(xml).not.toContain(password);
  expect(xml).toMatch(/<password_sha256_hex>[0-9a-f]{64}</);
});
