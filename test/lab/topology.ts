/** The lab's cluster as `kubectl get nodes,pods,services,endpointslices -A -o json` would print it. Pure. */

import type { kubernetesListSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import type { z } from 'zod';
import {
  LB_BACK_IP,
  NODES,
  type NodePlan,
  PODS,
  type PodPlan,
  SERVICES,
  type ServicePlan,
} from './plan.ts';

export type KubernetesList = z.infer<typeof kubernetesListSchema>;

/** Names the addresses from which an external load balancer reaches a Service's NodePorts, comma separated. */
export const LOAD_BALANCER_ANNOTATION = 'hoptrace/load-balancer-addresses';

/** Nodes, Pods, Services and EndpointSlices, in this order. */
export function clusterTopology(): KubernetesList {
  return {
    kind: 'List',
    items: [
      ...NODES.map(nodeObject),
      ...PODS.map(podObject),
      ...SERVICES.map(serviceObject),
      ...SERVICES.map(sliceObject),
    ],
  };
}

export function nodeObject(node: NodePlan) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name, labels: { 'kubernetes.io/hostname': node.name } },
    spec: { podCIDR: node.podCidr, podCIDRs: [node.podCidr] },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.ip },
        { type: 'Hostname', address: node.name },
      ],
    },
  };
}

export function podObject(pod: PodPlan) {
  const labels =
    pod.role === 'ingress'
      ? {
          'app.kubernetes.io/name': 'ingress-nginx',
          'app.kubernetes.io/component': 'controller',
        }
      : { 'app.kubernetes.io/name': 'app' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: pod.namespace, labels },
    spec: { nodeName: pod.node.name },
    status: { phase: 'Running', podIP: pod.ip, podIPs: [{ ip: pod.ip }] },
  };
}

export function serviceObject(service: ServicePlan) {
  const annotations =
    service.namespace === 'ingress-nginx' ? { [LOAD_BALANCER_ANNOTATION]: LB_BACK_IP } : {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service.name, namespace: service.namespace, annotations },
    spec: {
      type: 'NodePort',
      clusterIP: service.clusterIp,
      clusterIPs: [service.clusterIp],
      externalTrafficPolicy: service.policy,
      internalTrafficPolicy: 'Cluster',
      ports: [
        {
          name: service.portName,
          protocol: 'TCP',
          port: service.port,
          targetPort: service.endpoints[0]?.port ?? service.port,
          nodePort: service.nodePort,
        },
      ],
    },
    status: { loadBalancer: {} },
  };
}

export function sliceObject(service: ServicePlan) {
  const [first] = service.endpoints;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      name: `${service.name}-lab`,
      namespace: service.namespace,
      labels: { 'kubernetes.io/service-name': service.name },
    },
    ports: [{ name: service.portName, protocol: 'TCP', port: first?.port ?? service.port }],
    endpoints: service.endpoints.map((endpoint) => ({
      addresses: [endpoint.ip],
      nodeName: endpoint.node,
      conditions: {
        ready: endpoint.isTerminating !== true,
        serving: true,
        terminating: endpoint.isTerminating === true,
      },
      targetRef: {
        kind: 'Pod',
        namespace: endpoint.pod.split('/')[0],
        name: endpoint.pod.split('/')[1],
      },
    })),
  };
}
