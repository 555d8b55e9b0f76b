/** Finds the path documents that frames carry along. */
import type { Path } from '../rest/types.ts';
import { DOCUMENT_KEY } from './hops.ts';

interface FrameWithMeta {
  readonly meta?: { readonly custom?: Record<string, unknown> | undefined } | undefined;
}

/** One per frame that carries one, in their order; the same path is answered once. */
export function documentsIn(frames: readonly FrameWithMeta[]): Path[] {
  const found = new Map<string, Path>();
  for (const { meta } of frames) {
    const value = meta?.custom?.[DOCUMENT_KEY];
    if (isPath(value)) found.set(value.pathId, value);
  }
  return [...found.values()];
}

/** Only our own data source writes under this key: enough to tell a path from something of an older version. */
function isPath(value: unknown): value is Path {
  if (typeof value !== 'object' || value === null) return false;
  return (
    typeof Reflect.get(value, 'pathId') === 'string' && Array.isArray(Reflect.get(value, 'hops'))
  );
}
