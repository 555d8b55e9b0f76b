import { expect, test } from '@jest/globals';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import type { Path } from './model.ts';
import { SourceChain } from './SourceChain.tsx';
import {
  balancedPath,
  crossNodePath,
  partialPath,
  proxyProtocolPath,
  sameNodePath,
} from './samples/samplePaths.ts';
import { chainSummary, sourceChainOf } from './sourceChain.ts';

function brief(path: Path) {
  return sourceChainOf(path).map(({ source, visibility, mark }) => [source, visibility, mark]);
}

test('without rewrite the last party sees the client', () => {
  expect(brief(sameNodePath)).toEqual([
    ['198.51.100.23:51514', 'client', null],
    ['198.51.100.23:51514', 'client', null],
  ]);
  expect(chainSummary(sameNodePath)).toBe(
    'The last party on the path sees the address of the client.',
  );
});

test('SNAT by the node: the client vanishes at that hop', () => {
  expect(brief(crossNodePath)).toEqual([
    ['198.51.100.23:51514', 'client', null],
    ['10.0.0.11:40213', 'hidden', 'vanishes'],
  ]);
});

test('a TCP load balancer hides it first; later rewrites do not mark it again', () => {
  expect(brief(balancedPath)).toEqual([
    ['198.51.100.23:51514', 'client', null],
    ['192.0.2.80:39110', 'hidden', 'vanishes'],
    ['10.0.0.11:40213', 'hidden', null],
    ['10.244.2.7:58744', 'hidden', null],
  ]);
  expect(chainSummary(balancedPath)).toBe(
    'The last party cannot learn the client. The client’s address was replaced on the way to node-a.',
  );
});

test('PROXY protocol: replaced in the socket, still recoverable behind a plain forward', () => {
  expect(brief(proxyProtocolPath).map(([, visibility]) => visibility)).toEqual([
    'client',
    'recoverable',
    'recoverable',
  ]);
});

test('a rewrite whose effect was not observed is unknown, not hidden', () => {
  expect(brief(partialPath)).toEqual([
    ['198.51.100.23:51514', 'client', null],
    ['10.0.0.11:40213', 'unknown', 'vanishes'],
    [null, 'unknown', null],
  ]);
  expect(chainSummary(partialPath)).toBe(
    'Whether the last party can learn the client was not observed. The client’s address was replaced on the way to 10.244.2.7.',
  );
});

test('a later PROXY header after a hidden hop is marked as recovered', () => {
  const [first, second] = crossNodePath.hops;
  if (first === undefined || second === undefined) throw new Error('sample has two hops');
  const header = {
    mechanism: 'proxyProtocol',
    before: '10.0.0.11:40213',
    after: '10.244.2.7:5000',
    cause: '',
    recoverable: true,
  } as const;
  const third = { ...second, index: 2, rewrite: header };
  const links = sourceChainOf({ ...crossNodePath, hops: [first, second, third] });
  expect(links.map(({ mark }) => mark)).toEqual([null, 'vanishes', 'recovered']);
});

test('an unknown client makes no claim about visibility', () => {
  const path = { ...crossNodePath, client: { ip: null, port: null, source: 'unknown' as const } };
  expect(sourceChainOf(path).map(({ visibility }) => visibility)).toEqual(['unknown', 'unknown']);
  expect(chainSummary(path)).toBe('The address of the client is not known.');
  expect(chainSummary({ ...path, hops: [] })).toBe(
    'No hop is known, so no source address is either.',
  );
});

test('a verdict is said and drawn as it is; it outranks what the rewrites would tell', () => {
  const path: Path = {
    ...crossNodePath,
    sourceVerdict: {
      scenario: 'proxyProtocol',
      text: 'The header names the client.',
      clientSeenBy: [
        { party: 'node-a', sees: '198.51.100.23:51514', isClient: true, recoverable: true },
        { party: 'ingress', sees: '10.0.0.11:40213', isClient: false, recoverable: true },
      ],
      believable: true,
      remedy: '',
    },
  };
  expect(brief(path)).toEqual([
    ['198.51.100.23:51514', 'client', null],
    ['10.0.0.11:40213', 'recoverable', 'vanishes'],
  ]);
  expect(chainSummary(path)).toBe('The header names the client.');
  const html = renderToStaticMarkup(createElement(SourceChain, { path }));
  expect(html).toContain('<p class="ht-lead">The header names the client.</p>');
  expect(html).toContain('PROXY protocol');
  expect(html).toContain('holds against what was observed');
});

test('without a verdict the page says no scenario', () => {
  const html = renderToStaticMarkup(createElement(SourceChain, { path: crossNodePath }));
  expect(html).toContain('The last party cannot learn the client.');
  expect(html).not.toContain('rewritten by the cluster');
});
