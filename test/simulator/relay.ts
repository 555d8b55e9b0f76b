/** A load balancer that proxies TCP: what comes on one side leaves on the other. */
import { type SimConnection, sendRequest, sendResponse } from './connection.ts';
import { FrameRoad } from './frameRoad.ts';
import type { Link } from './kernelLinks.ts';
import type { TrafficParts } from './parts.ts';
import { tellBalancerLink } from './proxyRecords.ts';
import type { Server } from './server.ts';
import type { Wires } from './wires.ts';

/** The connection that it opened onward. */
export interface BehindBalancer {
  readonly connection: SimConnection;
  readonly readyNs: number;
  readonly answer: Server;
  readonly release: (atNs: number) => void;
}

/** One request at a time: each is a burst, and its response another. */
export function relayRequests(
  parts: TrafficParts,
  wires: Wires,
  front: SimConnection,
  back: () => BehindBalancer,
): Server {
  const { schedule, truth } = parts;
  let burst = 0;
  return (atNs, request, respond) => {
    const { connection, readyNs, answer } = back();
    burst++;
    for (const side of ['request', 'response'] as const)
      tellBalancerLink(parts, side, [front, connection], burst, atNs);
    truth.linkBursts([front.id, burst], [connection.id, burst]);
    const sentNs = Math.max(atNs, readyNs);
    const readNs = sendRequest(wires, connection, sentNs, request);
    schedule.at(readNs, () =>
      answer(readNs, request, (answeredNs, bytes) => {
        const backNs = sendResponse(wires, connection, answeredNs, bytes);
        schedule.at(backNs, () => respond(backNs, bytes));
      }),
    );
  };
}

/** Frames of many requests: a burst is what goes one way before the other takes its turn. */
export function relayFrames(
  parts: TrafficParts,
  wires: Wires,
  front: SimConnection,
  back: () => BehindBalancer,
): Server {
  const { schedule } = parts;
  let road: FrameRoad | null = null;
  let burst = 0;
  let side: Link['side'] | null = null;
  const turn = (to: Link['side']) => {
    if (side === to) return;
    side = to;
    if (to === 'request') burst++;
    tellBalancerLink(parts, to, [front, back().connection], burst, schedule.nowNs);
  };
  return (atNs, request, respond) => {
    const { connection, readyNs, answer } = back();
    const frames = road ?? new FrameRoad(wires, connection);
    road = frames;
    if (request.frame !== 'end') turn('request');
    const readNs = frames.send(Math.max(atNs, readyNs));
    schedule.at(readNs, () =>
      answer(readNs, request, (answeredNs, bytes) => {
        const backNs = frames.answer(answeredNs);
        schedule.at(backNs, () => {
          turn('response');
          respond(backNs, bytes);
        });
      }),
    );
  };
}
