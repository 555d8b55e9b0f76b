import { expect, test } from '@jest/globals';
import { Lifecycle } from './lifecycle.ts';

test('stops in reverse order, goes on after a failure and names it; a second call stops nothing twice', async () => {
  const stopped: string[] = [];
  const lifecycle = new Lifecycle();
  lifecycle.add('store', async () => stopped.push('store'));
  lifecycle.add('collector', async () => {
    stopped.push('collector');
    throw new Error('stuck');
  });
  lifecycle.add('api', async () => stopped.push('api'));
  const [first, second] = await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  expect(stopped).toEqual(['api', 'collector', 'store']);
  expect(first).toEqual(['collector: stuck']);
  expect(second).toBe(first);
});
