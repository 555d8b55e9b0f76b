/** Which page an address stands for. The address is the only place where filters are kept. */

export type Route =
  | { readonly page: 'paths'; readonly query: URLSearchParams }
  | { readonly page: 'path'; readonly pathId: string }
  | { readonly page: 'refusals'; readonly query: URLSearchParams }
  | { readonly page: 'services'; readonly query: URLSearchParams }
  | { readonly page: 'service'; readonly service: string; readonly query: URLSearchParams }
  | { readonly page: 'compare'; readonly service: string; readonly query: URLSearchParams }
  | { readonly page: 'topology'; readonly query: URLSearchParams }
  | { readonly page: 'agents'; readonly query: URLSearchParams }
  | { readonly page: 'alerts'; readonly query: URLSearchParams }
  | { readonly page: 'notFound'; readonly address: string };

const PLAIN_PAGES = ['refusals', 'alerts', 'services', 'topology', 'agents'] as const;

/** Reads pathname and search of an address. An identity that is not well encoded is not found, not an error. */
export function routeOf(pathname: string, search: string): Route {
  const query = new URLSearchParams(search);
  if (pathname === '/' || pathname === '') return { page: 'paths', query };
  const plain = PLAIN_PAGES.find((page) => pathname === `/${page}` || pathname === `/${page}/`);
  if (plain !== undefined) return { page: plain, query };
  const service = serviceRoute(pathname, query);
  if (service !== null) return service;
  const found = /^\/paths\/([^/]+)\/?$/.exec(pathname);
  const pathId = found?.[1] === undefined ? null : decoded(found[1]);
  return pathId === null ? { page: 'notFound', address: pathname } : { page: 'path', pathId };
}

/** `/services/shop/web`, `/services/shop/web/compare`. */
function serviceRoute(pathname: string, query: URLSearchParams): Route | null {
  const found = /^\/services\/([^/]+)\/([^/]+)(\/compare)?\/?$/.exec(pathname);
  const namespace = decoded(found?.[1] ?? '');
  const name = decoded(found?.[2] ?? '');
  if (found === null || namespace === null || name === null) return null;
  const page = found[3] === undefined ? 'service' : 'compare';
  return { page, service: `${namespace}/${name}`, query };
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

/** Of `namespace/name`. */
export function serviceHref(service: string): string {
  return `/services/${service.split('/').map(encodeURIComponent).join('/')}`;
}
