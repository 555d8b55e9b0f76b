/** The side road: one batch at a time by HTTP POST, where no WebSocket can be had (a proxy that lets none through). */

const TYPE = 'application/vnd.hoptrace.batch';

/**
 * `stored`: free it. `durable`: it is safe at the collector, ask again later. `refused`: no repetition helps.
 * `failed`: try again later, here or by WebSocket.
 */
export type PostResult =
  | { readonly type: 'stored' | 'durable' | 'failed' }
  | { readonly type: 'refused'; readonly text: string };

export interface PostOptions {
  /** `ws://…` or `wss://…`, as for the WebSocket. */
  readonly collectorUrl: string;
  readonly token: string | null;
  readonly timeoutMs: number;
}

/** The collector knows these batches by name and will say the same next time. */
const REFUSALS = new Set([400, 413, 415]);

/** Never rejects. Does not wait for ClickHouse (RFC 7240). */
export async function postBatch(bytes: Uint8Array, options: PostOptions): Promise<PostResult> {
  const { collectorUrl, token, timeoutMs } = options;
  try {
    const response = await fetch(`${collectorUrl.replace(/^ws/, 'http')}/v1/batches`, {
      method: 'POST',
      body: Buffer.from(bytes),
      headers: {
        'content-type': TYPE,
        prefer: 'respond-async',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    if (response.status === 200) return { type: 'stored' };
    if (response.status === 202) return { type: 'durable' };
    return REFUSALS.has(response.status) ? { type: 'refused', text } : { type: 'failed' };
  } catch {
    return { type: 'failed' };
  }
}
