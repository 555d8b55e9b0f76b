/** Looks at the node now and then, and says what it found when that is news. */
import { execFile } from 'node:child_process';
import { release } from 'node:os';
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Log } from '../log.ts';
import { lookForKubeProxy, modeOf, type RunHere } from './kubeProxy.ts';
import { readSysctls } from './sysctls.ts';
import { scanWorkloads } from './workloads.ts';

const LOOK_EVERY_MS = 30_000;
const COMMAND_TIMEOUT_MS = 2_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface NodeFactsOptions {
  /** Path of the node's network namespace; null: this process is in it. */
  readonly hostNetns: string | null;
  /** Where the node's processes are seen. */
  readonly procFolder: string;
  readonly log: Log;
}

export class NodeFactsWatch {
  readonly #options: NodeFactsOptions;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #latest: { readonly facts: NodeFacts; readonly text: string } | null = null;
  #problem = '';

  constructor(options: NodeFactsOptions) {
    this.#options = options;
  }

  /** The same object as long as nothing changes; null before the first look. */
  get latest(): NodeFacts | null {
    return this.#latest?.facts ?? null;
  }

  start(): void {
    const look = () => {
      this.#looking = this.#looking.then(() => this.#look());
    };
    look();
    this.#timer = setInterval(look, LOOK_EVERY_MS).unref();
  }

  /** Resolves when the look that goes on is over. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }

  /** Never rejects: an agent that cannot look at its node watches connections all the same. */
  async #look(): Promise<void> {
    try {
      const facts = await lookAtNode(this.#options);
      const text = JSON.stringify(facts);
      if (text !== this.#latest?.text) this.#latest = { facts, text };
      this.#problem = '';
    } catch (error) {
      const problem = String(error);
      if (problem !== this.#problem)
        this.#options.log('warn', 'the node cannot be looked at', {
          problem,
          effect: 'Pods are known by their addresses only',
          remedy: "let the agent read the node's /proc (hostPID, or HOPTRACE_AGENT_PROC)",
        });
      this.#problem = problem;
    }
  }
}

export async function lookAtNode({
  hostNetns,
  procFolder,
}: Pick<NodeFactsOptions, 'hostNetns' | 'procFolder'>): Promise<NodeFacts> {
  const run = runIn(hostNetns);
  const [traces, sysctls, workloads] = await Promise.all([
    lookForKubeProxy(run, hostNetns === null),
    readSysctls(run),
    scanWorkloads(procFolder),
  ]);
  return { kernel: release(), kubeProxy: modeOf(traces), sysctls, ...workloads };
}

/** `grep -s` ends with 2 where one of its files is not there, and has printed the others: what was printed counts. */
function runIn(netns: string | null): RunHere {
  return (command, args) =>
    new Promise((resolve) => {
      const [file, words] =
        netns === null ? [command, args] : ['nsenter', [`--net=${netns}`, command, ...args]];
      const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
      execFile(file, [...words], options, (error, stdout) => {
        if (error === null) resolve(stdout);
        else if (isMissing(error)) resolve(undefined);
        else resolve(command === 'grep' && stdout !== '' ? stdout : null);
      });
    });
}

/** nsenter ends with 127 where it finds no such command. */
function isMissing(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'code');
  return code === 'ENOENT' || code === 127;
}
