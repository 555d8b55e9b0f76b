/** The pages that are looked at by picture and by axe, with the text that tells that each is drawn. */
export interface ViewPage {
  readonly name: string;
  readonly address: string;
  /** Drawn when this is seen: with items, and in an empty system. */
  readonly drawn: string;
  readonly empty: string;
}

export const VIEW_PAGES: readonly ViewPage[] = [
  { name: 'paths', address: '/', drawn: '.ht-path-table, .ht-cards', empty: '.panel' },
  { name: 'path', address: '/paths/sample-load-balancer-0', drawn: '.ht-view', empty: '.panel' },
  { name: 'services', address: '/services', drawn: '.ht-table', empty: '.panel' },
  {
    name: 'service',
    address: '/services/shop/web',
    drawn: '.ht-timeline',
    empty: '.panel',
  },
  {
    name: 'compare',
    address: '/services/shop/web/compare?from=2026-09-01T13:55:00Z&to=2026-09-01T14:10:00Z',
    drawn: '.ht-compare',
    empty: '.ht-compare',
  },
  { name: 'refusals', address: '/refusals', drawn: '.ht-timeline', empty: '.panel' },
  { name: 'alerts', address: '/alerts', drawn: '.status', empty: '.status' },
  { name: 'topology', address: '/topology', drawn: '.ht-table', empty: '.panel' },
  { name: 'agents', address: '/agents', drawn: '.ht-table', empty: '.panel' },
];
