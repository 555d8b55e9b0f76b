import type { Scene } from './scene.ts';

/** One folder. `full`, where the real size is too large for a file: the same at that size, built in memory. */
export interface Scenario {
  readonly folder: string;
  readonly scene: () => Scene;
  readonly full?: () => Scene;
}
