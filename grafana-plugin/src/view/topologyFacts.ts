/** What a Kubernetes object says that matters for the path of a request, in a few words. */

interface Told {
  readonly kind: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** What is not there is left out: the object may be of any version. */
export function topologyFacts({ kind, object }: Told): string[] {
  if (kind === 'Service') return serviceFacts(object);
  if (kind === 'EndpointSlice') return sliceFacts(object);
  if (kind === 'Pod') return podFacts(object);
  if (kind === 'Node') return nodeFacts(object);
  if (kind === 'Ingress') return ingressFacts(object);
  if (kind === 'Gateway') return gatewayFacts(object);
  if (kind === 'HTTPRoute') return routeFacts(object);
  if (kind === 'ConfigMap') return settingFacts(object);
  return Object.entries(object)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name} ${value}`);
}

function serviceFacts(object: Told['object']): string[] {
  const spec = field(object, 'spec');
  const ports = list(spec, 'ports').map((port) => {
    const nodePort = text(port, 'nodePort');
    return `${text(port, 'port')}${nodePort === '' ? '' : ` → NodePort ${nodePort}`}`;
  });
  const policies = ['externalTrafficPolicy', 'internalTrafficPolicy', 'healthCheckNodePort'];
  return [
    text(spec, 'type'),
    ...policies.flatMap((name) =>
      text(spec, name) === '' ? [] : [`${name}: ${text(spec, name)}`],
    ),
    ports.join(', '),
  ].filter((each) => each !== '');
}

function sliceFacts(object: Told['object']): string[] {
  const endpoints = list(object, 'endpoints');
  const ready = endpoints.filter((each) => field(each, 'conditions').ready !== false);
  const nodes = [...new Set(ready.map((each) => text(each, 'nodeName')))].filter((n) => n !== '');
  const service = text(field(field(object, 'metadata'), 'labels'), 'kubernetes.io/service-name');
  return [
    service === '' ? '' : `of ${service}`,
    `${ready.length} of ${endpoints.length} endpoints ready`,
    nodes.length === 0 ? '' : `on ${nodes.sort().join(', ')}`,
  ].filter((each) => each !== '');
}

function podFacts(object: Told['object']): string[] {
  const status = field(object, 'status');
  const ips = list(status, 'podIPs').map((each) => text(each, 'ip'));
  const node = text(field(object, 'spec'), 'nodeName');
  const on = node === '' ? 'on no node yet' : `on ${node}`;
  return [text(status, 'phase'), on, ips.join(', ')].filter((each) => each !== '');
}

function nodeFacts(object: Told['object']): string[] {
  const zone = text(field(field(object, 'metadata'), 'labels'), 'topology.kubernetes.io/zone');
  const addresses = list(field(object, 'status'), 'addresses').map((each) => text(each, 'address'));
  return [zone === '' ? 'zone not told' : `zone ${zone}`, addresses.join(', ')].filter(
    (each) => each !== '',
  );
}

function ingressFacts(object: Told['object']): string[] {
  return list(field(object, 'spec'), 'rules').flatMap((rule) =>
    list(field(rule, 'http'), 'paths').map((path) => {
      const service = text(field(field(path, 'backend'), 'service'), 'name');
      const target = service === '' ? 'no Service' : service;
      return `${text(rule, 'host') || 'any host'}${text(path, 'path')} → ${target}`;
    }),
  );
}

function gatewayFacts(object: Told['object']): string[] {
  return list(field(object, 'spec'), 'listeners').map((listener) => {
    const host = text(listener, 'hostname');
    const place = `${text(listener, 'protocol')} ${text(listener, 'port')}`;
    return host === '' ? place : `${place} for ${host}`;
  });
}

function routeFacts(object: Told['object']): string[] {
  const spec = field(object, 'spec');
  const hosts = Array.isArray(spec.hostnames) ? spec.hostnames.map(String) : [];
  const targets = list(spec, 'rules').flatMap((rule) =>
    list(rule, 'backendRefs').map((target) => text(target, 'name')),
  );
  const to = [...new Set(targets)].join(', ');
  return [hosts.length === 0 ? 'any host' : hosts.join(', '), to === '' ? '' : `→ ${to}`].filter(
    (each) => each !== '',
  );
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(object: Fields, name: string): Fields {
  const value = object[name];
  return isFields(value) ? value : {};
}

function list(object: Fields, name: string): Fields[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function text(object: Fields, name: string): string {
  const value = object[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Those that are read; a ConfigMap may say more. */
function settingFacts(object: Told['object']): string[] {
  const settings = Object.entries(field(object, 'data')).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return settings.length === 0 ? ['nothing of the PROXY protocol'] : settings;
}
