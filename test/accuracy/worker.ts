/** A process of the run: told a world, answers its result; ends when its parent lets go of it. */
import { z } from 'zod';
import { runWorld } from './worldJob.ts';

const order = z.object({ seed: z.number().int(), world: z.number().int() });

process.on('message', (message: unknown) => {
  const { seed, world } = order.parse(message);
  process.send?.(runWorld(seed, world));
});
