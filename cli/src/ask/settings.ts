/** Where the API is and how to be let in: flags, then environment, then the API of `npm start`. */
import { CliError, EXIT } from './exitCodes.ts';

const API_PORT = 7040;

export interface ApiSettings {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CliError (78). A token is taken from the environment only: command lines are seen by all users. */
export function readApiSettings(env: Environment, flags: { readonly url?: string }): ApiSettings {
  const given = flags.url ?? nonEmpty(env.HOPTRACE_API_URL);
  const token = nonEmpty(env.HOPTRACE_API_TOKEN) ?? null;
  const first = token?.split(',')[0]?.trim() ?? null;
  return { url: given === undefined ? localUrl(env) : checkedUrl(given), token: first };
}

/** The same shift of ports that `npm start` was given. */
function localUrl(env: Environment): string {
  const offset = Number(nonEmpty(env.HOPTRACE_PORT_OFFSET) ?? '0');
  if (!Number.isInteger(offset) || offset < 0) {
    throw new CliError(
      EXIT.config,
      `HOPTRACE_PORT_OFFSET cannot be "${env.HOPTRACE_PORT_OFFSET}".`,
      'Write a whole number, or unset it.',
    );
  }
  return `http://127.0.0.1:${API_PORT + offset}`;
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') {
    return text.replace(/\/+$/, '');
  }
  throw new CliError(
    EXIT.config,
    `"${text}" is no address of an API (HOPTRACE_API_URL or --url).`,
    'Write something like http://127.0.0.1:7040 or https://hoptrace.example.com.',
  );
}

const nonEmpty = (text: string | undefined) => (text === '' ? undefined : text);
