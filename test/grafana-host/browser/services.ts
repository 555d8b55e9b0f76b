/** The services that a plugin gets from Grafana: calls to the server, and variables. */
import { type BackendSrv, setBackendSrv, setTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import { from } from 'rxjs';

interface Call {
  readonly url: string;
  readonly params?: Readonly<Record<string, string>>;
}

/** Errors have the shape that Grafana gives them: a body that is no JSON becomes `{message, response}`. */
async function call({ url, params }: Call): Promise<unknown> {
  const query = new URLSearchParams(params).toString();
  const response = await fetch(query === '' ? url : `${url}?${query}`);
  const text = await response.text();
  const data = parsed(text);
  const { status, statusText } = response;
  if (response.ok) return { data, status, statusText };
  throw {
    status,
    statusText,
    data: typeof data === 'string' ? { message: data, response: data } : data,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export type Variables = Readonly<Record<string, string | readonly string[]>>;

/** `$name`, `${name}`, `${name:format}`; a variable that does not exist stays as it is. */
export function fillIn(text: string, variables: Variables): string {
  return text.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, braced, bare) => {
    const value = variables[braced ?? bare];
    return value === undefined ? whole : [value].flat().join(',');
  });
}

export function provideServices(variables: () => Variables): void {
  const backend = { fetch: (options: Call) => from(call(options)) };
  setBackendSrv(backend as unknown as BackendSrv);
  const templates = { replace: (text?: string) => fillIn(text ?? '', variables()) };
  setTemplateSrv(templates as unknown as TemplateSrv);
}
