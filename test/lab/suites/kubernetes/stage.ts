/**
 * The cluster as its parts have it: what the API server says, what each node's rules are (kube-proxy follows with a
 * delay of its own on each node), and which Pods hold their addresses. Everything that happens is noted with its time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiObject, ApiServer } from '../../../integration/topology/apiServer.ts';
import type { Lab } from '../../lab.ts';
import { namespaceOf } from '../../names.ts';
import { type EndpointPlan, NODES, nodeNamed, type Policy, type ServicePlan } from '../../plan.ts';
import { applyRules } from '../../rules/apply.ts';
import { nodeObject, podObject, serviceObject, sliceObject } from '../../topology.ts';
import { NAMESPACE, POD_PORT, type StagePod, unwirePod, wirePod } from './pods.ts';

/** After a change at the API server. kube-proxy collects changes for a second, each node on its own. */
const PROXY_DELAYS_MS: Readonly<Record<string, number>> = { node1: 300, node2: 1200, node3: 700 };
/** From a Pod's wiring until its kubelet has told that it runs, and until its slice has it. */
const KUBELET_MS = 900;

/** The Services as they were from `fromUs` on. */
export interface Programmed {
  readonly node: string;
  /** Until `doneUs` a packet met these rules or those before. */
  readonly fromUs: number;
  readonly doneUs: number;
  readonly services: readonly ServicePlan[];
}

export interface Change {
  readonly service: string;
  readonly atUs: number;
}

export interface Stage {
  readonly programmed: readonly Programmed[];
  /** What the API server was told, by Service: policy and endpoints. */
  readonly changes: readonly Change[];
  /** By name, as the API server has it at the time. */
  readonly told: readonly { readonly atUs: number; readonly services: readonly ServicePlan[] }[];
  setPolicy(service: string, policy: Policy): void;
  /** Those of the Service from now on; a Pod that terminates still serves. */
  setEndpoints(service: string, pods: readonly Endpoint[]): void;
  /** It is scheduled, and waits for its address. */
  announcePod(pod: StagePod): void;
  /** Wired first; its kubelet tells a moment later. */
  startPod(pod: StagePod): Promise<void>;
  /** deletionTimestamp is set; it still serves. */
  terminatePod(pod: StagePod): void;
  /** Its address is free for others. */
  freeAddress(pod: StagePod): Promise<void>;
  /** The API server has it no more. */
  forgetPod(pod: StagePod): void;
  /** Both at once. */
  endPod(pod: StagePod): Promise<void>;
  /** Resolves when every node's rules are those of the present. */
  settled(): Promise<void>;
}

export interface Endpoint {
  readonly pod: StagePod;
  readonly isTerminating?: boolean;
}

export interface StageParts {
  readonly lab: Lab;
  readonly api: ApiServer;
  /** In the lab already; their rules stay. */
  readonly others: readonly ServicePlan[];
}

const nowUs = () => Date.now() * 1000;
/** RFC 3339 with whole seconds, as Kubernetes writes. */
const wholeSeconds = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export function setStage(parts: StageParts, services: readonly ServicePlan[]): Stage {
  const { lab, api, others } = parts;
  const current = new Map(services.map((each) => [each.name, each]));
  const programmed: Programmed[] = [];
  const changes: Change[] = [];
  const told: { atUs: number; services: readonly ServicePlan[] }[] = [];
  const waiting = new Set<Promise<void>>();
  for (const node of NODES) api.put(asObject(nodeObject(node)));
  for (const each of services) tell(each);

  function noteTold(): void {
    told.push({ atUs: nowUs(), services: [...current.values()] });
    for (const { name } of NODES) {
      const done = program(name);
      waiting.add(done);
      void done.finally(() => waiting.delete(done)).catch(() => {});
    }
  }
  function tell(service: ServicePlan): void {
    api.put(asObject(serviceObject(service)));
    api.put(asObject(sliceObject(service)));
    noteTold();
  }
  async function program(name: string): Promise<void> {
    await sleep(PROXY_DELAYS_MS[name] ?? 0);
    const node = nodeNamed(name);
    const { path } = namespaceOf(lab.namespaces, { role: 'node', node: name });
    const mine = [...current.values()];
    if (
      programmed
        .findLast((each) => each.node === name)
        ?.services.every((each) => mine.includes(each))
    )
      return;
    const entry = { node: name, fromUs: nowUs(), doneUs: Number.POSITIVE_INFINITY, services: mine };
    programmed.push(entry);
    await applyRules(lab.backend, path, node, [...others, ...mine]);
    entry.doneUs = nowUs();
  }
  function change(name: string, part: Partial<ServicePlan>): ServicePlan {
    const before = current.get(name);
    if (before === undefined) throw new Error(`no Service "${name}" on this stage`);
    const after = { ...before, ...part };
    current.set(name, after);
    changes.push({ service: name, atUs: nowUs() });
    return after;
  }

  return {
    programmed,
    changes,
    told,
    setPolicy: (name, policy) => {
      api.put(asObject(serviceObject(change(name, { policy }))));
      noteTold();
    },
    setEndpoints: (name, endpoints) => {
      api.put(asObject(sliceObject(change(name, { endpoints: endpoints.map(endpointOf) }))));
      noteTold();
    },
    announcePod: (pod) => {
      const { status: _none, ...pending } = podAsTold(pod, Date.now());
      api.put({ ...pending, status: { phase: 'Pending' } });
    },
    startPod: async (pod) => {
      const startedMs = Date.now();
      await wirePod(lab, pod);
      await sleep(KUBELET_MS);
      api.put(podAsTold(pod, startedMs));
    },
    terminatePod: (pod) => {
      const known = api.objectsOf('Pod').find(({ metadata }) => metadata.name === pod.name);
      if (known === undefined) return;
      const deletionTimestamp = wholeSeconds(Date.now());
      api.put({ ...known, metadata: { ...known.metadata, deletionTimestamp } });
    },
    freeAddress: unwirePod,
    forgetPod: (pod) => api.remove('Pod', pod.name, NAMESPACE),
    endPod: async (pod) => {
      await unwirePod(pod);
      api.remove('Pod', pod.name, NAMESPACE);
    },
    settled: async () => {
      while (waiting.size > 0) await Promise.all(waiting);
    },
  };
}

export function endpointOf({ pod, isTerminating }: Endpoint): EndpointPlan {
  return {
    ...{ pod: `${NAMESPACE}/${pod.name}`, node: pod.node.name, ip: pod.ip, port: POD_PORT },
    ...(isTerminating === true ? { isTerminating } : {}),
  };
}

function podAsTold({ name, node, ip }: StagePod, startedMs: number): ApiObject {
  const plan = { key: `${NAMESPACE}/${name}`, namespace: NAMESPACE, name, node, ip };
  const object = asObject(podObject({ ...plan, role: 'app', short: 'app' }));
  const started = wholeSeconds(startedMs);
  return {
    ...object,
    metadata: { ...object.metadata, uid: `uid-${name}`, creationTimestamp: started },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], startTime: started },
  };
}

function asObject(object: ApiObject): ApiObject {
  return object;
}
