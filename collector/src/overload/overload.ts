/** The two halves of shedding, wired: when the collector is overloaded, and what of its paths it then keeps. */
import type { FastifyBaseLogger } from 'fastify';
import type { Metrics } from '../metrics.ts';
import type { Stitcher } from '../stitch/stitcher.ts';
import { type OverloadMarks, OverloadWatch } from './overloadWatch.ts';
import { PathShedder } from './pathShedder.ts';

/** The rest of the room for paths of groups that were let go is for those that are never shed. */
const FULL_SHARE = 0.8;

export interface OverloadParts {
  readonly marks: OverloadMarks;
  readonly nowMs: () => number;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  readonly metrics: Pick<Metrics, 'shedRate' | 'shedPaths' | 'shedUnweighed' | 'pathLag'>;
  /** Asked when there is something to look at. */
  readonly stitcher: () => Pick<Stitcher, 'lagMs' | 'leftShare' | 'waiting'>;
  readonly logShare: () => number;
  readonly writes: () => number;
}

export class Overload {
  readonly shedder: PathShedder;
  readonly watch: OverloadWatch;
  readonly #parts: OverloadParts;
  #reported = { shed: 0, unweighed: 0 };

  constructor(parts: OverloadParts) {
    const { marks, nowMs, log, stitcher } = parts;
    this.#parts = parts;
    this.watch = new OverloadWatch({
      ...{ marks, nowMs, log },
      shedPaths: () => this.shedder.counts.shed,
    });
    this.shedder = new PathShedder({
      nowMs,
      exponent: () => this.watch.exponent,
      isFull: () => marks.isOn && stitcher().leftShare > FULL_SHARE,
    });
  }

  /** Call some times a second. */
  look(): void {
    const { stitcher, nowMs, logShare, writes } = this.#parts;
    const { leftShare, waiting } = stitcher();
    const lagMs = stitcher().lagMs(nowMs());
    this.watch.look({ lagMs, leftShare, waiting, logShare: logShare(), writes: writes() });
  }

  refreshMetrics(): void {
    const { metrics, stitcher, nowMs } = this.#parts;
    const { shed, unweighed } = this.shedder.counts;
    metrics.shedRate.set(2 ** -this.watch.exponent);
    metrics.pathLag.set(stitcher().lagMs(nowMs()) / 1000);
    metrics.shedPaths.inc(shed - this.#reported.shed);
    metrics.shedUnweighed.inc(unweighed - this.#reported.unweighed);
    this.#reported = { shed, unweighed };
  }
}
