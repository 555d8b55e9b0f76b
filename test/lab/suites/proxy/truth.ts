/** What truly happened to each proxied request, from the logs of both its ends. Nothing here asks the proxy or the agent. */
import { z } from 'zod';

const reportSchema = z.object({
  id: z.string(),
  path: z.string(),
  port: z.int(),
  openedAtUs: z.int(),
  sentAtUs: z.int(),
  doneAtUs: z.int(),
  status: z.int(),
});

/** One request as its client saw it: from which port, on a connection that was opened when, from when to when. */
export type ClientRequest = z.infer<typeof reportSchema>;

/** One request as the app saw it. With auth_request a client's request leads to two. */
export interface AppRequest {
  readonly id: string;
  readonly path: string;
  readonly peerPort: number;
  /** When the connection was accepted, CLOCK_REALTIME. */
  readonly acceptedAtUs: number;
  /** 1 for the first of its connection. */
  readonly number: number;
}

export function parseClientReport(text: string): ClientRequest[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => reportSchema.parse(JSON.parse(line)));
}

/** Lines such as `r7-12 /app 10.244.1.10:40001 1760000000000000 3`; an unfinished last one is left out. */
export function parseAppLog(text: string): AppRequest[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line): AppRequest[] => {
      const match = /^(\S+) (\S+) \S+:(\d+) (\d+) (\d+)$/.exec(line);
      if (match === null) return [];
      const [, id = '', path = '', peerPort, acceptedAtUs, number] = match;
      return [
        {
          ...{ id, path, peerPort: Number(peerPort) },
          ...{ acceptedAtUs: Number(acceptedAtUs), number: Number(number) },
        },
      ];
    });
}
