/** What alerts need from the store. clickhouseAlertStore answers from ClickHouse. */
import { type AlertState, KEEP_RESOLVED_US } from '@hoptrace/domain/alerts/lifecycle.ts';
import { lostEvidence } from '@hoptrace/domain/loss/lostEvidence.ts';
import type { Silence } from '@hoptrace/domain/rest/alerts.ts';
import {
  readAlertStates,
  readSilences,
  writeAlertStates,
  writeSilence,
} from '@hoptrace/store/alertStates.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { type RefusedAttempts, refusedAttempts } from '@hoptrace/store/queries/refusedAttempts.ts';
import { refusedSenders } from '@hoptrace/store/queries/refusedSenders.ts';
import { serviceHistory } from '@hoptrace/store/queries/serviceHistory.ts';
import {
  type HopDurations,
  hopDurations,
  type MinuteRange,
  type ServiceShares,
  serviceShares,
} from '@hoptrace/store/queries/serviceShares.ts';
import { Histories } from '../health/histories.ts';
import { type FoundSending, sendingsIn, type Window } from '../health/sendings.ts';
import type { Call } from '../pathStore.ts';

export interface AgentLife {
  readonly cluster: string;
  readonly node: string;
  readonly lastSeenUs: number;
  /** Pieces of evidence lost since the time that was asked for. */
  readonly lost: number;
  /** Of them dropped SYNs and ICMP errors: refusals that are told nowhere. */
  readonly lostRefusals: number;
}

export interface AlertStore {
  refusedAttempts(
    window: { readonly fromUs: number; readonly toUs: number },
    call: Call,
  ): Promise<readonly RefusedAttempts[]>;
  /** Load balancers that sent to nodes without an endpoint. */
  sendings(
    window: { readonly fromUs: number; readonly toUs: number },
    call: Call,
  ): Promise<readonly FoundSending[]>;
  serviceShares(range: MinuteRange, call: Call): Promise<readonly ServiceShares[]>;
  hopDurations(range: MinuteRange, call: Call): Promise<readonly HopDurations[]>;
  agentsSince(sinceUs: number, call: Call): Promise<readonly AgentLife[]>;
  readStates(nowUs: number, call: Call): Promise<readonly AlertState[]>;
  writeStates(states: readonly AlertState[], nowUs: number, call: Call): Promise<void>;
  readSilences(nowUs: number, call: Call): Promise<readonly Silence[]>;
  writeSilence(silence: Silence, nowUs: number, call: Call): Promise<void>;
}

export function clickhouseAlertStore(store: Store): AlertStore {
  return {
    refusedAttempts: (window, call) => refusedAttempts(store, { window, ...call }),
    sendings: (window, call) => {
      const sources = {
        refusedSenders: (within: Window) => refusedSenders(store, { window: within, ...call }),
        histories: async (services: readonly string[], within: Window) =>
          new Histories(await serviceHistory(store, services, { window: within, ...call })),
      };
      return sendingsIn(sources, window);
    },
    serviceShares: (range, call) => serviceShares(store, { range, ...call }),
    hopDurations: (range, call) => hopDurations(store, { range, ...call }),
    agentsSince: async (sinceUs, call) => {
      const agents = await listAgents(store, { sinceUs, ...call });
      return agents.map(({ cluster, node, lastSeenUs, losses }) => ({
        ...{ cluster, node, lastSeenUs },
        lost: lostEvidence(losses),
        lostRefusals: losses.ringRefusals,
      }));
    },
    readStates: (nowUs, call) =>
      readAlertStates(store, { resolvedSinceUs: nowUs - KEEP_RESOLVED_US, ...call }),
    writeStates: (states, nowUs, call) => writeAlertStates(store, states, { nowUs, ...call }),
    readSilences: (nowUs, call) => readSilences(store, { endsAfterUs: nowUs, ...call }),
    writeSilence: (silence, nowUs, call) => writeSilence(store, silence, { nowUs, ...call }),
  };
}
