/**
 * What outlives every group: how the agents' clocks run, which rules the proxies obey, which Pods dialled in vain.
 * By cluster. One group's evidence teaches it, and all groups after it are judged by it.
 */
import { type ClockBounds, NO_CLOCKS, observe } from '@hoptrace/domain/clock/clocks.ts';
import { FailedAttemptBook } from '@hoptrace/domain/loss/failedAttempts.ts';
import type { Context, Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { remember } from '@hoptrace/domain/reconstruct/proxyHistory.ts';
import { settledRules } from '@hoptrace/domain/reconstruct/proxyRules.ts';
import type { ProxyHistory } from '@hoptrace/domain/reconstruct/ruleScores.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { Group } from './group.ts';

/** A pooled group has thousands of legs; the newest are plenty for a bound, at about a microsecond each. */
const MAX_CLOCK_LEGS = 64;

interface Memory {
  clocks: ClockBounds;
  proxyHistory: ProxyHistory;
  /** settledRules of it. */
  settled: string;
  readonly failedAttempts: FailedAttemptBook;
}

export class ClusterMemory {
  readonly #memories = new Map<string, Memory>();
  /** `cluster|ip` of Pods that dialled in vain since the last takeFailed. */
  #failedSince = new Set<string>();

  known(cluster: string): Pick<Context, keyof Memory & keyof Context> {
    const { clocks, proxyHistory, failedAttempts } = this.#memoryOf(cluster);
    return { clocks, proxyHistory, failedAttempts };
  }

  /** Learns from a group; true: a rule that was open before is decided. */
  learn(group: Group, evidence: Evidence, { images }: Pick<Context, 'images'>): boolean {
    const memory = this.#memoryOf(group.cluster);
    memory.clocks = observe(memory.clocks, evidence.legs.slice(-MAX_CLOCK_LEGS));
    const before = memory.settled;
    if (evidence.proxyLinks.length > 0) {
      const { history, scored } = remember(memory.proxyHistory, evidence.proxyLinks, {
        before: group.scored,
        images,
      });
      group.scored = [scored];
      memory.proxyHistory = history;
      memory.settled = settledRules(history);
    }
    return memory.settled !== before;
  }

  /** Notes an attempt that failed; `isPod` keeps a flood of clients out. */
  noteFailure(record: Sourced, isPod: (ip: string) => boolean): void {
    const ip = this.#memoryOf(record.cluster).failedAttempts.note(record, isPod);
    if (ip !== null) this.#failedSince.add(`${record.cluster}|${ip}`);
  }

  /** Which Pods dialled in vain since the last call; null: none. */
  takeFailed(): ((cluster: string, ip: string) => boolean) | null {
    if (this.#failedSince.size === 0) return null;
    const failed = this.#failedSince;
    this.#failedSince = new Set();
    return (cluster, ip) => failed.has(`${cluster}|${ip}`);
  }

  #memoryOf(cluster: string): Memory {
    const known = this.#memories.get(cluster);
    if (known !== undefined) return known;
    const memory: Memory = {
      clocks: NO_CLOCKS,
      proxyHistory: new Map(),
      settled: '',
      failedAttempts: new FailedAttemptBook(),
    };
    this.#memories.set(cluster, memory);
    return memory;
  }
}
