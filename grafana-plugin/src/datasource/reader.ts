/** Reads the REST API through Grafana's data proxy, which adds the token. */
import { getBackendSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import type {
  AgentList,
  Overview,
  Path,
  PathList,
  Readiness,
  RefusalItem,
  RefusalList,
} from '../rest/types.ts';

/** Filters as the API names them; what is undefined is not sent. */
export type Filters = Readonly<Record<string, string | undefined>>;

export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly isCut: boolean;
}

/** Where answers come from: the API, or samples. */
export interface Reader {
  paths(filters: Filters, limit: number): Promise<Listing<Path>>;
  path(pathId: string): Promise<Path>;
  refusals(filters: Filters, limit: number): Promise<Listing<RefusalItem>>;
  overview(window: Filters): Promise<Overview>;
  agents(): Promise<AgentList>;
}

const known = (params: Filters) =>
  Object.entries(params).filter((each): each is [string, string] => each[1] !== undefined);

const MAX_PAGE = 1000;

export class ApiReader implements Reader {
  private readonly base: string;

  /** `url` is that of the data source in Grafana; the route `hoptrace` of plugin.json leads to the API. */
  constructor(url: string) {
    this.base = `${url}/hoptrace`;
  }

  paths(filters: Filters, limit: number): Promise<Listing<Path>> {
    return this.list<Path, PathList>('/api/v1/paths', filters, limit);
  }

  path(pathId: string): Promise<Path> {
    return this.get(`/api/v1/paths/${encodeURIComponent(pathId)}`, {});
  }

  refusals(filters: Filters, limit: number): Promise<Listing<RefusalItem>> {
    return this.list<RefusalItem, RefusalList>('/api/v1/refusals', filters, limit);
  }

  overview(window: Filters): Promise<Overview> {
    return this.get('/api/v1/overview', window);
  }

  agents(): Promise<AgentList> {
    return this.get('/api/v1/agents', {});
  }

  readiness(): Promise<Readiness> {
    return this.get('/readyz', {});
  }

  /** Of the stream of paths, with its filters; more of a query may follow. */
  liveAddress(filters: Filters): string {
    const query = new URLSearchParams(known(filters));
    const url = new URL(`${this.base}/api/v1/live?${query}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    return url.href;
  }

  /** Follows the cursor until there is enough or no more. */
  private async list<Item, Page extends { items: Item[]; nextCursor: string | null }>(
    path: string,
    filters: Filters,
    limit: number,
  ): Promise<Listing<Item>> {
    const items: Item[] = [];
    let cursor: string | undefined;
    for (;;) {
      const pageSize = Math.min(MAX_PAGE, limit - items.length);
      const page = await this.get<Page>(path, { ...filters, limit: String(pageSize), cursor });
      items.push(...page.items);
      if (page.nextCursor === null) return { items, isCut: false };
      if (items.length >= limit) return { items, isCut: true };
      cursor = page.nextCursor;
    }
  }

  private async get<Answer>(path: string, params: Filters): Promise<Answer> {
    const request = {
      url: this.base + path,
      params: Object.fromEntries(known(params)),
      showErrorAlert: false,
    };
    const { data } = await lastValueFrom(getBackendSrv().fetch<Answer>(request));
    return data;
  }
}
