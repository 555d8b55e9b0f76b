/** Whether both ends agree on the PROXY protocol. One that sends and one that does not expect, or the other way: no request is served. */

import type { ProxyAgreement } from '../rest/loadBalancers.ts';
import {
  EXPECTS_PROXY_ANNOTATION,
  type LoadBalancer,
  SENDS_PROXY_ANNOTATION,
} from './loadBalancer.ts';
import type { ProxyExpectation } from './proxySettings.ts';

export interface ProxyFinding {
  readonly agreement: ProxyAgreement;
  readonly text: string;
  /** Empty: nothing is to be done. */
  readonly remedy: string;
}

type Sending = Pick<LoadBalancer, 'sendsProxy' | 'sendsProxyBy'>;

export function proxyEnds(sending: Sending, expectation: ProxyExpectation): ProxyFinding {
  const sender = senderWords(sending);
  const receiver = receiverWords(expectation);
  if (sender === null || receiver === null) return notKnown(sender, receiver, expectation);
  const text = `PROXY protocol: ${sender}, and ${receiver}`;
  const isSent = sending.sendsProxy !== 'off';
  if (isSent && expectation.expects === 'off')
    return {
      agreement: 'sentNotExpected',
      text: `${text}: they answer 400, or close the connection.`,
      remedy: `Let the Pods accept PROXY headers${placeOf(expectation, 'true')}, or turn them off at the load balancer.`,
    };
  if (!isSent && expectation.expects === 'on')
    return {
      agreement: 'expectedNotSent',
      text: `${text}: they close each connection without a byte.`,
      remedy: `Turn PROXY headers on at the load balancer, its health checks included, or off at the Pods${placeOf(expectation, 'false')}.`,
    };
  return { agreement: isSent ? 'agree' : 'notUsed', text: `${text}.`, remedy: '' };
}

function senderWords({ sendsProxy, sendsProxyBy }: Sending): string | null {
  if (sendsProxy === null) return null;
  if (sendsProxy === 'off') return `the load balancer sends no PROXY header (${sendsProxyBy})`;
  const version = sendsProxy === 'on' ? '' : ` ${sendsProxy}`;
  return `the load balancer sends PROXY headers${version} (${sendsProxyBy})`;
}

function receiverWords({ expects, by }: ProxyExpectation): string | null {
  if (expects === null) return null;
  const verbs = { on: 'expect them', off: 'expect none', optional: 'accept them, and need none' };
  return `the Pods ${verbs[expects]} (${by})`;
}

function notKnown(
  sender: string | null,
  receiver: string | null,
  { note }: ProxyExpectation,
): ProxyFinding {
  const known = [sender, receiver?.replace('expect them', 'expect PROXY headers') ?? null].filter(
    (each) => each !== null,
  );
  const missing = [
    ...(sender === null ? ['whether the load balancer sends them'] : []),
    ...(receiver === null ? [`whether the Pods expect them${note === '' ? '' : `: ${note}`}`] : []),
  ];
  const remedies = [
    ...(sender === null ? [`${SENDS_PROXY_ANNOTATION}: v1, v2 or off`] : []),
    ...(receiver === null ? [`${EXPECTS_PROXY_ANNOTATION}: on or off`] : []),
  ];
  const said = known.length === 0 ? '' : `${known.join(', ')}; `;
  return {
    agreement: 'unknown',
    text: `PROXY protocol: ${said}not known is ${missing.join(' and ')}.`,
    remedy: `Say it by annotations of the Service: ${remedies.join('; ')}.`,
  };
}

/** Where it is said, if that is a ConfigMap: its key is named. */
function placeOf({ by, setting }: ProxyExpectation, value: 'true' | 'false'): string {
  if (by === null || setting === null) return '';
  const how = setting === 'use-proxy-protocol' ? `${setting}: "${value}"` : setting;
  return ` (${how} in ${by})`;
}
