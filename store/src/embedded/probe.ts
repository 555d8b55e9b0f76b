/** Does our engine answer? One short-lived connection each time: a kept one would delay an orderly stop. */
import { request } from 'node:http';

const PROBE_TIMEOUT_MS = 2000;

export interface ProbeTarget {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** True when a query with our password succeeds: a stranger on the port would answer /ping just as well. */
export function isAnswering(target: ProbeTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request(
      {
        host: '127.0.0.1',
        port: target.port,
        path: '/?query=SELECT%201',
        auth: `${target.user}:${target.password}`,
        agent: false,
        timeout: PROBE_TIMEOUT_MS,
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode === 200));
        response.once('error', () => resolve(false));
      },
    );
    probe.once('timeout', () => probe.destroy());
    probe.once('error', () => resolve(false));
    probe.end();
  });
}
