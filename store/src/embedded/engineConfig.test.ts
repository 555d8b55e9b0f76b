import { expect, test } from '@jest/globals';
import { engineConfigXml, engineUsersXml } from './engineConfig.ts';

const password = '0123456789abcdef';
const passwords = { writer: 'of-the-writer', reader: 'of-the-reader', grafana: 'of-grafana' };

test('a directory with characters of XML stays one text', () => {
  const xml = engineConfigXml({ engineDir: '/a <b>&"c"', password, passwords });
  expect(xml).toContain('<users_config>/a &#60;b&#62;&#38;&#34;c&#34;/users.xml</users_config>');
});

test('every handler but /ping asks for the password', () => {
  const xml = engineConfigXml({ engineDir: '/data', password, passwords });
  const rules = [...xml.matchAll(/<rule>(.*?)<\/rule>/g)].map((match) => match[1] ?? '');
  const secretsOf = (user: string, secret: string) => [
    Buffer.from(`${user}:${secret}`).toString('base64'),
    secret,
  ];
  const secrets = [
    ...secretsOf('hoptrace', password),
    ...Object.entries(passwords).flatMap(([role, secret]) => secretsOf(`hoptrace_${role}`, secret)),
  ];
  const open = rules.filter((rule) => !secrets.some((secret) => rule.includes(secret)));
  expect(rules).toHaveLength(9);
  expect(open).toEqual(['<url>/ping</url><handler><type>ping</type></handler>']);
});

test('users.xml holds the hashes of the passwords, not the passwords', () => {
  const xml = engineUsersXml({ password, passwords });
  for (const secret of [password, ...Object.values(passwords)]) expect(xml).not.toContain(secret);
  expect(xml.match(/<password_sha256_hex>[0-9a-f]{64}</g)).toHaveLength(4);
});
