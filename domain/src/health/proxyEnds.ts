/** Whether both ends agree on the PROXY protocol. One that sends and one that does not expect, or the other way: no request is served. */

import type { ProxyAgreement } from '../rest/loadBalancers.ts';
import {
  EXPECTS_PROXY_ANNOTATION,
  type LoadBalancer,
  SENDS_PROXY_ANNOTATION,
} from './loadBalancer.ts';

export interface ProxyFinding {
  readonly agreement: ProxyAgreement;
  readonly text: string;
  /** Empty: nothing is to be done. */
  readonly remedy: string;
}

export function proxyEnds({ sendsProxy, sendsProxyBy, expectsProxy }: LoadBalancer): ProxyFinding {
  const sender =
    sendsProxy === null
      ? null
      : sendsProxy === 'off'
        ? `the load balancer sends no PROXY header (${sendsProxyBy})`
        : `the load balancer sends PROXY headers${sendsProxy === 'on' ? '' : ` ${sendsProxy}`} (${sendsProxyBy})`;
  if (sender === null || expectsProxy === null) {
    const missing = [
      ...(sender === null
        ? [`whether the load balancer sends them (${SENDS_PROXY_ANNOTATION}: v1, v2 or off)`]
        : []),
      ...(expectsProxy === null
        ? [`whether the Pods expect them (${EXPECTS_PROXY_ANNOTATION}: on or off)`]
        : []),
    ];
    const known = [
      ...(sender === null ? [] : [sender]),
      ...(expectsProxy === null
        ? []
        : [`the Pods ${expectsProxy === 'on' ? 'expect' : 'expect no'} PROXY headers`]),
    ];
    const said = known.length === 0 ? '' : `${known.join(', ')}; `;
    return {
      agreement: 'unknown',
      text: `PROXY protocol: ${said}not known is ${missing.join(' and ')}.`,
      remedy: `Say it by annotations of the Service: ${missing.map((each) => /hoptrace\/[^)]*/.exec(each)?.[0]).join('; ')}.`,
    };
  }
  const isSent = sendsProxy !== 'off';
  const isExpected = expectsProxy === 'on';
  if (isSent && !isExpected)
    return {
      agreement: 'sentNotExpected',
      text: `PROXY protocol: ${sender}, and the Pods do not expect them: they answer 400, or close the connection.`,
      remedy:
        'Let the Pods accept PROXY headers (ingress-nginx: use-proxy-protocol: "true" in its ConfigMap), or turn them off at the load balancer.',
    };
  if (!isSent && isExpected)
    return {
      agreement: 'expectedNotSent',
      text: `PROXY protocol: ${sender}, and the Pods expect them: they close each connection without a byte.`,
      remedy:
        'Turn PROXY headers on at the load balancer, its health checks included, or off at the Pods (ingress-nginx: use-proxy-protocol: "false").',
    };
  return {
    agreement: isSent ? 'agree' : 'notUsed',
    text: isSent
      ? `PROXY protocol: ${sender}, and the Pods expect them.`
      : `PROXY protocol: ${sender}, and the Pods expect none.`,
    remedy: '',
  };
}
