import { expect, test } from '@jest/globals';
import { pathHref, routeOf, serviceHref } from './route.ts';

test('each address has its page', () => {
  expect(routeOf('/', '?outcome=dropped')).toMatchObject({ page: 'paths' });
  expect(routeOf('/refusals', '')).toMatchObject({ page: 'refusals' });
  expect(routeOf('/alerts', '')).toMatchObject({ page: 'alerts' });
  expect(routeOf('/topology', '?at=1')).toMatchObject({ page: 'topology' });
  expect(routeOf('/agents/', '')).toMatchObject({ page: 'agents' });
  expect(routeOf('/services', '')).toMatchObject({ page: 'services' });
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

test('a service has a page and a comparison', () => {
  const href = serviceHref('shop/web-ü');
  expect(routeOf(href, '')).toMatchObject({ page: 'service', service: 'shop/web-ü' });
  expect(routeOf(`${href}/compare`, '?split=5')).toMatchObject({ page: 'compare' });
  expect(routeOf('/services/shop', '')).toMatchObject({ page: 'notFound' });
});
