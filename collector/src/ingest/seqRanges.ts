/** The seqs of a batch as ranges: one for the batch of an agent, which numbers without gaps. */

export type SeqRange = readonly [first: number, last: number];

/** Inclusive ranges, in the order of the records. */
export function seqRanges(records: readonly { readonly seq: number }[]): SeqRange[] {
  const ranges: [number, number][] = [];
  for (const { seq } of records) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === seq) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}
