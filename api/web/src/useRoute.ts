import { useSyncExternalStore } from 'react';
import { type Route, routeOf } from './route.ts';

const NAVIGATED = 'hoptrace:navigated';

/** Goes to an address of this page without loading it anew. `replace` leaves no entry in the history. */
export function navigate(href: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'replace') history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  dispatchEvent(new Event(NAVIGATED));
  if (how === 'push') scrollTo(0, 0);
}

/** The page that the address stands for, now and whenever it changes. */
export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, readAddress);
  const [pathname = '/', search = ''] = address.split('?');
  return routeOf(pathname, search);
}

function readAddress(): string {
  return `${location.pathname}?${location.search.slice(1)}`;
}

function subscribe(onChange: () => void): () => void {
  addEventListener('popstate', onChange);
  addEventListener(NAVIGATED, onChange);
  return () => {
    removeEventListener('popstate', onChange);
    removeEventListener(NAVIGATED, onChange);
  };
}
