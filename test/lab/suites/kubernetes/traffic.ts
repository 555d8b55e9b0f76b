/** Continuous requests to NodePorts, and what became of each by the client's own account. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { inNamespace, labEnvironment } from '../../command.ts';
import { LabError } from '../../errors.ts';
import type { Lab } from '../../lab.ts';
import { namespaceOf } from '../../names.ts';

const CLIENT_PROGRAM = fileURLToPath(new URL('client.mjs', import.meta.url));
/** Below the kernel's own range. */
const FIRST_PORT = 10_000;
/** A dropped SYN is sent again after a second: once is enough. */
const REQUEST_TIMEOUT_MS = 900;

const reportSchema = z.object({
  id: z.string(),
  ip: z.string(),
  port: z.int(),
  localPort: z.int(),
  startedAtUs: z.int(),
  connectUs: z.int().nullable(),
  totalUs: z.int(),
  /** Who answered; null: nobody. */
  pod: z.string().nullable(),
  errorCode: z.string().nullable(),
});

export type Report = z.infer<typeof reportSchema>;

export interface SteadyTraffic {
  /** No more are sent; resolves with all of them when the last one has ended. */
  stop(): Promise<readonly Report[]>;
}

export function startTraffic(
  lab: Lab,
  targets: readonly { readonly ip: string; readonly port: number }[],
  perSecond: number,
): SteadyTraffic {
  const { path } = namespaceOf(lab.namespaces, { role: 'client' });
  const child = spawn('nsenter', inNamespace(path, process.execPath, CLIENT_PROGRAM), {
    ...{ env: labEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] },
  });
  const order = { targets, perSecond, firstPort: FIRST_PORT, timeoutMs: REQUEST_TIMEOUT_MS };
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const reports: Report[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    reports.push(reportSchema.parse(JSON.parse(line)));
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    stop: async () => {
      child.stdin.end();
      const code = await ended;
      if (code !== 0)
        throw new LabError(`the client of the suite ended with ${code}`, 'See what it said above.');
      return reports;
    },
  };
}
