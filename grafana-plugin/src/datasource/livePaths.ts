/** Paths as they are found: the API's WebSocket, through Grafana's data proxy. */
import { auditTime, Observable, startWith } from 'rxjs';
import type { Path } from '../rest/types.ts';

export interface LivePaths {
  /** Newest first. */
  readonly paths: readonly Path[];
  /** What is not among them, in words; empty: nothing since the stream began. */
  readonly missing: string;
}

const RETRY_MS = 5000;
/** What is drawn more often cannot be read. */
const SHOWN_EVERY_MS = 500;

/**
 * Begins with `before`; the newest `limit` stay. A broken stream is opened again where it ended, for as long as anybody
 * listens. At each begin what is not in the stream is taken from `list`, so that there is no hole. `address` has a query.
 */
export function livePaths(
  address: string,
  before: readonly Path[],
  limit: number,
  list: () => Promise<{ readonly items: readonly Path[] }>,
): Observable<LivePaths> {
  let live: LivePaths = { paths: before, missing: '' };
  let dropped = 0;
  let cursor = '';
  return new Observable<LivePaths>((listener) => {
    let socket: WebSocket;
    let retry: ReturnType<typeof setTimeout>;
    /** Of the same path the later one is told. */
    const tell = (paths: readonly Path[], missing: string) => {
      const newest = [...new Map(paths.map((path) => [path.pathId, path])).values()].sort(
        (a, b) => b.startedAtUs - a.startedAtUs,
      );
      live = { paths: newest.slice(0, limit), missing };
      listener.next(live);
    };
    const open = () => {
      socket = new WebSocket(address + cursor);
      socket.onmessage = async ({ data }) => {
        const { type, cursor: place, path, count = 0 } = JSON.parse(data);
        cursor = `&cursor=${encodeURIComponent(place)}`;
        dropped += count;
        // Without the list there would be a hole: it is begun anew.
        const listed = type === 'hello' ? await list().catch(() => socket.close()) : null;
        tell(
          [...(listed?.items ?? []), ...live.paths, ...(path ? [path] : [])],
          dropped > 0 ? `${dropped} more came too fast to be sent. Filter.` : '',
        );
      };
      socket.onclose = () => {
        tell(live.paths, 'The stream broke: new paths are missing.');
        retry = setTimeout(open, RETRY_MS);
      };
    };
    open();
    return () => {
      clearTimeout(retry);
      socket.onclose = null;
      socket.close();
    };
  }).pipe(auditTime(SHOWN_EVERY_MS), startWith(live));
}
