import { expect, test } from '@jest/globals';
import { pathHref, routeOf } from './route.ts';

test('each address has its page', () => {
  expect(routeOf('/', '?outcome=dropped')).toMatchObject({ page: 'paths' });
  expect(routeOf('/refusals', '')).toMatchObject({ page: 'refusals' });
  expect(routeOf('/alerts', '')).toEqual({ page: 'alerts' });
  expect(routeOf('/paths/0ft-3f/x', '')).toEqual({ page: 'notFound', address: '/paths/0ft-3f/x' });
  expect(routeOf('/nope', '')).toEqual({ page: 'notFound', address: '/nope' });
});

test('a path identity survives its address', () => {
  const pathId = 'a/b ü%';
  expect(routeOf(pathHref(pathId), '')).toEqual({ page: 'path', pathId });
});

test('an identity that is not well encoded is not found', () => {
  expect(routeOf('/paths/%E0%A4%A', '')).toMatchObject({ page: 'notFound' });
});
