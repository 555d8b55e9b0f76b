/** Claimed confidence against what turned out right: how far off, and the monotone map that mends it. */

export interface Judged {
  readonly claimed: number;
  readonly isRight: boolean;
}

const BINS = 10;

/** Expected calibration error over ten bins of equal width; 0 of nothing. */
export function calibrationError(judged: readonly Judged[]): number {
  const bins = Array.from({ length: BINS }, () => ({ claimed: 0, right: 0 }));
  for (const { claimed, isRight } of judged) {
    const bin = bins[Math.min(BINS - 1, Math.floor(claimed * BINS))];
    if (bin === undefined) continue;
    bin.claimed += claimed;
    bin.right += isRight ? 1 : 0;
  }
  const off = bins.reduce((sum, { claimed, right }) => sum + Math.abs(claimed - right), 0);
  return judged.length === 0 ? 0 : off / judged.length;
}

/** Isotonic regression by pooling adjacent violators: from claimed to the share that was right, never falling. */
export function fitIsotonic(judged: readonly Judged[]): (claimed: number) => number {
  const blocks: { from: number; right: number; count: number }[] = [];
  // Of equal claims the right ones first: they are then pooled with the wrong ones.
  const sorted = [...judged].sort(
    (a, b) => a.claimed - b.claimed || Number(b.isRight) - Number(a.isRight),
  );
  for (const { claimed, isRight } of sorted) {
    blocks.push({ from: claimed, right: isRight ? 1 : 0, count: 1 });
    for (let last = blocks.length - 1; last > 0; last--) {
      const [a, b] = [blocks[last - 1], blocks[last]];
      if (a === undefined || b === undefined || a.right * b.count < b.right * a.count) break;
      blocks.splice(last - 1, 2, {
        from: a.from,
        right: a.right + b.right,
        count: a.count + b.count,
      });
    }
  }
  return (claimed) => {
    const block = blocks.findLast(({ from }) => from <= claimed) ?? blocks[0];
    // Rule of succession: a few right ones do not make certainty.
    return block === undefined ? claimed : (block.right + 0.5) / (block.count + 1);
  };
}
