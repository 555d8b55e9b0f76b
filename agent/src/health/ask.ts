/** One request to a health check node port: bounded in time and size, never followed anywhere else. */
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import type { Answer } from './answer.ts';
import type { Listener } from './listeners.ts';

const TIMEOUT_MS = 1_000;
const MAX_BODY_BYTES = 4_096;
const PATH = '/healthz';

/** What came of it: an answer, or in words why there is none. */
export type Asked = Answer | { readonly problem: string };
export type AskHealth = (listener: Listener) => Promise<Asked>;

/** In the network namespace of this process. */
export function askHere({ host, port }: Listener): Promise<Asked> {
  return new Promise((resolve) => {
    const sent = request({ host, port, path: PATH, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size <= MAX_BODY_BYTES) parts.push(part);
        else sent.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, body: textOf(parts) }));
      response.on('error', (error) => done({ problem: error.message }));
    });
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), TIMEOUT_MS);
    const done = (asked: Asked) => {
      clearTimeout(timer);
      resolve(asked);
    };
    sent.on('error', (error) => done({ problem: problemOf(error) }));
    sent.end();
  });
}

const textOf = (parts: readonly Buffer[]) => Buffer.concat(parts).toString('utf8');

function problemOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  return code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}

/** For an agent that is in another network namespace than its node, by curl. */
export function askIn(netns: string): AskHealth {
  return ({ host, port }) => {
    const name = host.includes(':') ? `[${host}]` : host;
    const limits = ['--max-time', String(TIMEOUT_MS / 1000), '--max-filesize', `${MAX_BODY_BYTES}`];
    const curl = ['curl', '--silent', '--noproxy', '*', ...limits, '--write-out', '\n%{http_code}'];
    const args = [`--net=${netns}`, ...curl, `http://${name}:${port}${PATH}`];
    const options = { timeout: 2 * TIMEOUT_MS, maxBuffer: 2 * MAX_BODY_BYTES };
    return new Promise((resolve) => {
      execFile('nsenter', args, options, (error, stdout) => {
        const at = stdout.lastIndexOf('\n');
        const status = Number(stdout.slice(at + 1));
        if (error === null && status > 0)
          resolve({ status, body: stdout.slice(0, Math.max(0, at)) });
        else resolve({ problem: curlProblem(error) });
      });
    });
  };
}

/** Exit codes of curl and nsenter. */
function curlProblem(error: Error | null): string {
  const code: unknown = error === null ? null : Reflect.get(error, 'code');
  if (code === 7) return 'connection refused';
  if (code === 28) return 'no answer in time';
  if (code === 127 || code === 'ENOENT') return 'curl or nsenter is not installed';
  return `curl ended with ${String(code)}`;
}
