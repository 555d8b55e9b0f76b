/** `agent check`: what this host can see, asked of the loader, which loads, attaches and detaches for real. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { z } from 'zod';
import { AgentError } from './errors.ts';
import { lookAtNode } from './facts/nodeFacts.ts';
import { spoolProblem } from './spool/folder.ts';

const TIMEOUT_MS = 20_000;

const reportSchema = z.object({
  ok: z.boolean(),
  /** What a run would watch with. */
  source: z.enum(['ebpf', 'conntrack', 'none']).default('ebpf'),
  kernel: z.string().default(''),
  architecture: z.string().default(''),
  checks: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      detail: z.string().default(''),
      remedy: z.string().nullable().default(null),
    }),
  ),
});

/** `ok`: connections can be seen. A check that is not ok beside it costs only what its remedy says. */
export type CheckReport = z.infer<typeof reportSchema>;

export interface CheckOptions {
  readonly loaderPath: string;
  readonly hostNetns: string | null;
  /** Absent: as the loader does by itself. */
  readonly source?: string;
  /** Where the node's processes are seen. Absent: not asked. */
  readonly procFolder?: string;
  /** Absent: not asked. */
  readonly spool?: { readonly directory: string } | null;
}

/** Never rejects: a loader that cannot run at all is a report with one failed check. */
export async function checkHost(options: CheckOptions): Promise<CheckReport> {
  const args = [
    '--check',
    ...(options.source === undefined ? [] : ['--source', options.source]),
    ...(options.hostNetns === null ? [] : ['--host-netns', options.hostNetns]),
  ];
  const { stdout, stderr, problem } = await run(options.loaderPath, args);
  const report = reportSchema.safeParse(parseJson(stdout));
  if (report.success) {
    const { hostNetns, procFolder, spool } = options;
    const own = [
      ...(spool === undefined ? [] : [spoolCheck(spool)]),
      ...(procFolder === undefined ? [] : await factsChecks({ hostNetns, procFolder })),
    ];
    return { ...report.data, checks: [...report.data.checks, ...own] };
  }
  const detail = stderr.trim() || problem || 'the loader printed no report';
  return failedReport(`${options.loaderPath}: ${detail}`);
}

/** Throws AgentError HOP_AGENT_NO_LOADER where there is nothing to run. */
export async function assertLoader(loaderPath: string): Promise<void> {
  try {
    await access(loaderPath, constants.X_OK);
  } catch (error) {
    throw new AgentError(
      'HOP_AGENT_NO_LOADER',
      `${loaderPath} is not there or not executable`,
      'build it: npm run agent:build; or set HOPTRACE_AGENT_LOADER_PATH',
      error,
    );
  }
}

/** The report for people: one line per check, remedies below. */
export function checkText(report: CheckReport): string {
  const host = `${report.kernel} ${report.architecture}`.trim();
  const isWhole = report.checks.every((each) => each.ok);
  const seen = isWhole ? 'this host can be watched' : 'this host can be watched, degraded';
  const watched = report.source === 'conntrack' ? `${seen}: by conntrack alone` : seen;
  const verdict = report.ok ? watched : 'this host cannot be watched';
  const lines = report.checks.map((each) => {
    const line = `  ${each.ok ? 'ok     ' : 'missing'}  ${each.name.padEnd(14)} ${each.detail}`;
    return each.ok || each.remedy === null ? line : `${line}\n${' '.repeat(26)}→ ${each.remedy}`;
  });
  return [`${verdict}${host === '' ? '' : ` (${host})`}`, ...lines, ''].join('\n');
}

/** Without a spool connections are seen all the same: it is no reason to say that the host cannot be watched. */
function spoolCheck(spool: { readonly directory: string } | null): CheckReport['checks'][number] {
  if (spool === null) {
    const detail = 'batches wait in memory and end with the agent';
    return { name: 'spool', ok: false, detail, remedy: 'set HOPTRACE_AGENT_SPOOL_DIR' };
  }
  const problem = spoolProblem(spool.directory);
  if (problem === null) return { name: 'spool', ok: true, detail: spool.directory, remedy: null };
  const remedy = 'set HOPTRACE_AGENT_SPOOL_DIR to a directory that this user may write';
  return { name: 'spool', ok: false, detail: problem, remedy };
}

/** What is not known of the node costs names and certainty, not sight. */
async function factsChecks(node: {
  hostNetns: string | null;
  procFolder: string;
}): Promise<CheckReport['checks']> {
  try {
    const { kubeProxy, workloads, workloadsLeftOut } = await lookAtNode(node);
    const count = workloads.length + workloadsLeftOut;
    const modes = 'iptables, nftables, ipvs, cilium-snat …';
    return [
      {
        name: 'kubeProxy',
        ok: kubeProxy.mode !== null,
        detail: kubeProxy.note,
        remedy: `on a node of Kubernetes: annotate it with hoptrace/data-plane (${modes}); until then iptables is assumed, and said so`,
      },
      {
        name: 'workloads',
        ok: count > 0,
        detail: `${count} containers of Pods in ${node.procFolder}`,
        remedy: 'on a node of Kubernetes: run the agent with hostPID, or set HOPTRACE_AGENT_PROC',
      },
    ];
  } catch (error) {
    const remedy = 'let the agent read it (hostPID), or set HOPTRACE_AGENT_PROC';
    return [{ name: 'workloads', ok: false, detail: String(error), remedy }];
  }
}

function failedReport(detail: string): CheckReport {
  const remedy = process.platform === 'linux' ? 'build it: npm run agent:build' : 'run it on Linux';
  return {
    ok: false,
    source: 'none',
    kernel: '',
    architecture: process.arch,
    checks: [{ name: 'loader', ok: false, detail, remedy }],
  };
}

function run(path: string, args: readonly string[]) {
  return new Promise<{ stdout: string; stderr: string; problem: string }>((resolve) => {
    execFile(path, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, problem: error?.message ?? '' });
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
