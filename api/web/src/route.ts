/** Which page an address stands for. The address is the only place where filters are kept. */

export type Route =
  | { readonly page: 'paths'; readonly query: URLSearchParams }
  | { readonly page: 'path'; readonly pathId: string }
  | { readonly page: 'refusals'; readonly query: URLSearchParams }
  | { readonly page: 'alerts' }
  | { readonly page: 'notFound'; readonly address: string };

/** Reads pathname and search of an address. An identity that is not well encoded is not found, not an error. */
export function routeOf(pathname: string, search: string): Route {
  const query = new URLSearchParams(search);
  if (pathname === '/' || pathname === '') return { page: 'paths', query };
  if (pathname === '/refusals' || pathname === '/refusals/') return { page: 'refusals', query };
  if (pathname === '/alerts' || pathname === '/alerts/') return { page: 'alerts' };
  const found = /^\/paths\/([^/]+)\/?$/.exec(pathname);
  const pathId = found?.[1] === undefined ? null : decoded(found[1]);
  return pathId === null ? { page: 'notFound', address: pathname } : { page: 'path', pathId };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export function pathHref(pathId: string): string {
  return `/paths/${encodeURIComponent(pathId)}`;
}
