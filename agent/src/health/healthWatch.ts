/** Probes the health check node ports of this node as a load balancer would, and remembers when they changed. */
import { readlink, stat } from 'node:fs/promises';
import { type HealthReport, MAX_HEALTH_CHECKS } from '@hoptrace/domain/wire/healthChecks.ts';
import type { Log } from '../log.ts';
import { type HealthAnswer, readAnswer, unknownBecause } from './answer.ts';
import { type AskHealth, askHere, askIn } from './ask.ts';
import { type Listener, ListenerSearch, type PortRange } from './listeners.ts';
import { type History, withSaid } from './sightings.ts';

const PROBE_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 10_000;
/** Requests under way at once. */
const AT_ONCE = 8;
/** A port that nobody listens on any more is asked for so long: kube-proxy may be starting again. */
const KEEP_GONE_US = 60_000_000;
const NO_REPORT: HealthReport = { checks: [], leftOut: 0 };

export interface HealthWatchOptions {
  /** Path of the node's network namespace; null: this process is in it. */
  readonly hostNetns: string | null;
  readonly procFolder: string;
  readonly ports: PortRange;
  readonly log: Log;
  readonly nowUs: () => number;
}

export interface HealthSource {
  /** The same version: nothing but the time of the last probe has changed. */
  readonly version: number;
  readonly report: HealthReport;
}

interface Check {
  listener: Listener;
  answer: Pick<HealthAnswer, 'namespace' | 'service'> | null;
  history: History | null;
  /** When kube-proxy was last seen to listen. */
  listenedUs: number;
}

export class HealthWatch {
  readonly #options: HealthWatchOptions;
  readonly #ask: AskHealth;
  readonly #search: ListenerSearch;
  readonly #checks = new Map<number, Check>();
  /** What listens and is no health check, by inode: asked once. */
  #others = new Set<string>();
  #leftOut = 0;
  #version = 0;
  #timers: NodeJS.Timeout[] = [];
  #work: Promise<void> = Promise.resolve();
  #isProbing = false;
  #problem = '';

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    this.#search = new ListenerSearch(options.procFolder, options.ports);
    this.#ask = options.hostNetns === null ? askHere : askIn(options.hostNetns);
  }

  get version(): number {
    return this.#version;
  }

  get report(): HealthReport {
    const checks = [...this.#checks.values()].flatMap(({ listener, answer, history }) =>
      answer === null || history === null
        ? []
        : [
            {
              ...{ port: listener.port, ...answer, checkedUs: history.checkedUs },
              sightings: [...history.sightings],
            },
          ],
    );
    return checks.length === 0 && this.#leftOut === 0
      ? NO_REPORT
      : { checks, leftOut: this.#leftOut };
  }

  start(): void {
    const then = (work: () => Promise<void>) => {
      this.#work = this.#work.then(work);
    };
    then(() => this.look());
    then(() => this.probe());
    this.#timers = [
      setInterval(() => then(() => this.look()), LOOK_EVERY_MS).unref(),
      setInterval(() => {
        if (!this.#isProbing) then(() => this.probe());
      }, PROBE_EVERY_MS).unref(),
    ];
  }

  /** Resolves when what goes on is over. */
  async close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#work;
  }

  /** Looks for ports. Never rejects: an agent that cannot look watches connections all the same. */
  async look(): Promise<void> {
    const { log, nowUs } = this.#options;
    try {
      const found = await this.#search.find(await this.#netns());
      this.#take(found, nowUs());
      this.#problem = '';
    } catch (error) {
      const problem = String(error);
      if (problem !== this.#problem)
        log('warn', 'health check node ports cannot be looked for', {
          problem,
          effect: 'whether load balancers should send to this node is known from endpoints only',
          remedy: "let the agent read the node's /proc (hostPID, or HOPTRACE_AGENT_PROC)",
        });
      this.#problem = problem;
    }
  }

  #take(found: readonly Listener[], atUs: number): void {
    for (const listener of found) {
      const known = this.#checks.get(listener.port);
      if (known !== undefined) Object.assign(known, { listener, listenedUs: atUs });
    }
    const fresh = found.filter(
      ({ port, inode }) => !this.#checks.has(port) && !this.#others.has(inode),
    );
    const room = Math.max(0, MAX_HEALTH_CHECKS - this.#checks.size);
    for (const listener of fresh.slice(0, room))
      this.#checks.set(listener.port, {
        ...{ listener, answer: null, history: null, listenedUs: atUs },
      });
    this.#leftOut = Math.max(0, fresh.length - room);
    for (const [port, { listenedUs }] of this.#checks)
      if (atUs - listenedUs > KEEP_GONE_US) {
        this.#checks.delete(port);
        this.#version += 1;
      }
    // Only those that are there: inodes come again.
    const inodes = new Set(found.map(({ inode }) => inode));
    this.#others = new Set([...this.#others].filter((inode) => inodes.has(inode)));
  }

  /** Asks each port once. */
  async probe(): Promise<void> {
    this.#isProbing = true;
    const waiting = [...this.#checks.values()];
    const ask = async () => {
      for (let check = waiting.pop(); check !== undefined; check = waiting.pop())
        await this.#probeOne(check);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    this.#isProbing = false;
  }

  async #probeOne(check: Check): Promise<void> {
    const sentUs = this.#options.nowUs();
    const asked = await this.#ask(check.listener);
    const answer = 'problem' in asked ? null : readAnswer(asked);
    if (check.answer === null && answer === null) {
      // Silent or something else: what never spoke as a health check is none.
      if (!('problem' in asked)) this.#others.add(check.listener.inode);
      if (!('problem' in asked)) this.#checks.delete(check.listener.port);
      return;
    }
    const before = check.history?.sightings;
    const isOther =
      answer !== null &&
      check.answer !== null &&
      (answer.service !== check.answer.service || answer.namespace !== check.answer.namespace);
    const said =
      answer?.said ??
      unknownBecause('problem' in asked ? asked.problem : 'the answer is no health check');
    // A port that another Service got begins anew.
    check.history = withSaid(isOther ? null : check.history, said, {
      sentUs,
      answeredUs: this.#options.nowUs(),
    });
    if (answer !== null) check.answer = { namespace: answer.namespace, service: answer.service };
    if (check.history.sightings !== before) this.#version += 1;
  }

  async #netns(): Promise<string> {
    const { hostNetns } = this.#options;
    if (hostNetns === null) return readlink('/proc/self/ns/net');
    return `net:[${(await stat(hostNetns)).ino}]`;
  }
}
