/** What a failed call through Grafana's data proxy means, in words that say what to change. */

/** The part of Grafana's FetchError that is read. */
export interface FailedCall {
  readonly status?: number;
  readonly statusText?: string;
  readonly data?: unknown;
}

/** The proxy answers 400 with this text where the API said 401. */
const PROXY_UNAUTHORIZED = /authentication to data source failed/i;
const GATEWAY_STATUS = [502, 503, 504];

/** Reads the API's problem document where there is one; everything else is the proxy's or the network's word. */
export function failureText(failure: FailedCall): string {
  const { status, data } = failure;
  const body = typeof data === 'object' && data !== null ? data : {};
  const text = [data, Reflect.get(body, 'message'), Reflect.get(body, 'response')]
    .filter((each) => typeof each === 'string')
    .join(' ');
  if (status === 401 || PROXY_UNAUTHORIZED.test(text))
    return 'The API did not accept the token. Set that of HOPTRACE_API_TOKEN in this data source.';
  const problem = problemText(body);
  if (problem !== null) return problem;
  if (status === undefined || GATEWAY_STATUS.includes(status))
    return `The API cannot be reached from Grafana${status === undefined ? '' : ` (${status})`}. Check the API URL of this data source, and that the API listens there.`;
  if (status === 403) return `Grafana refused the call (403)${text === '' ? '' : `: ${text}`}.`;
  return `The API answered ${status} ${failure.statusText ?? ''} and did not say why. Is it the hoptrace API that listens at this URL?`;
}

/** `detail`, then `field: text remedy` of each error; null if the body is no problem document. */
function problemText(body: object): string | null {
  const detail = Reflect.get(body, 'detail');
  if (typeof detail !== 'string' || typeof Reflect.get(body, 'code') !== 'string') return null;
  const errors: unknown = Reflect.get(body, 'errors');
  const told = detail === '' ? String(Reflect.get(body, 'title')) : detail;
  const fields = (Array.isArray(errors) ? errors : [])
    .filter(({ text }) => !told.includes(text))
    .map(({ field, text, remedy }) => `${field}: ${text} ${remedy}`);
  return [told, ...fields].join(' ');
}
