/** What outlives a change of page: the lists as they were left, and where. Lives as long as the page is open. */
import type { Path } from '../../../domain/src/rest/path.ts';
import type { RefusalItem } from '../../../domain/src/rest/queries.ts';
import type { ViewTheme } from '../../../grafana-plugin/src/view/theme.ts';
import type { PagesState } from './usePages.ts';

export interface Memory {
  paths: PagesState<Path> | null;
  refusals: PagesState<RefusalItem> | null;
  /** Address of the list that was open last, with its filters. */
  listHref: string;
  pathsHref: string;
  refusalsHref: string;
}

export function newMemory(): Memory {
  return { paths: null, refusals: null, listHref: '/', pathsHref: '/', refusalsHref: '/refusals' };
}

/** What every page is given. */
export interface PageProps {
  readonly theme: ViewTheme;
  readonly isLive: boolean;
  readonly memory: Memory;
}

/** So long after an answer it is asked for again while the page is live; longer where answers are slow. */
export const REFRESH_MS = 2000;
