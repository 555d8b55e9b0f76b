import { expect, test } from '@jest/globals';
import { createAuthenticate } from './auth.ts';

const authenticate = createAuthenticate(['first-token-0123456', 'second-token-012345']);

test('each of the tokens opens, in any spelling of Bearer', () => {
  authenticate({ authorization: 'Bearer first-token-0123456' });
  authenticate({ authorization: 'bearer  second-token-012345' });
});

test('a missing, a malformed and a wrong token are told apart, and none is repeated', () => {
  const refusal = (authorization?: string) => {
    try {
      authenticate({ authorization });
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return 'accepted';
  };
  expect(refusal()).toBe('this collector requires a bearer token');
  expect(refusal('Basic Zm9vOmJhcg==')).toBe('the authorization header is no bearer token');
  expect(refusal('Bearer first-token-012345')).toBe('the token is wrong');
  expect(refusal('Bearer first-token-01234567')).toBe('the token is wrong');
});

test('without tokens everybody may send, but never a web page', () => {
  const open = createAuthenticate([]);
  open({});
  expect(() => open({ origin: 'https://example.com' })).toThrow('https://example.com');
  expect(() =>
    authenticate({ origin: 'null', authorization: 'Bearer first-token-0123456' }),
  ).toThrow('web pages');
});
