/** Configurations of the lab's servers: nginx in every Pod, haproxy on the load balancer. Text in, text out. */
import { join } from 'node:path';
import {
  LB_FRONT_IP,
  LISTENERS,
  type ListenerPlan,
  nodeNamed,
  PORTS,
  type PodPlan,
  ROUTES,
  routeEndpoint,
  serviceNamed,
} from './plan.ts';

/** Ports a Pod's nginx listens on. */
export function podPorts(pod: PodPlan): number[] {
  return pod.role === 'ingress'
    ? [PORTS.ingress, PORTS.ingressProxy]
    : [PORTS.app, PORTS.appPinned];
}

/** Where a Pod's nginx logs its requests: the source of truth for served ones. */
export function accessLogOf(labFolder: string, pod: PodPlan): string {
  return join(labFolder, 'logs', `${pod.name}.access`);
}

export function nginxConfig(labFolder: string, pod: PodPlan): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path "${labFolder}/conf/${pod.name}-${kind}";`,
  );
  return `worker_processes 1;
daemon off;
pid "${labFolder}/conf/${pod.name}.pid";
error_log stderr warn;
events { worker_connections 2048; }
http {
${temporary.join('\n')}
  keepalive_requests 100000;
${pod.role === 'ingress' ? ingressHttp(labFolder, pod) : appHttp(labFolder, pod)}
}
`;
}

function ingressHttp(labFolder: string, pod: PodPlan): string {
  const upstreams = ROUTES.map((route) => {
    const to = routeEndpoint(pod.node, route);
    return to === null ? '' : `  upstream ${route.slice(1)} { server ${to.ip}:${to.port}; }`;
  });
  const locations = ROUTES.map(
    (route) => `    location ${route} { proxy_pass http://${route.slice(1)}; }`,
  );
  // As /local: /kept with upstream connections that are used again, /held with five requests a second and no more.
  const kept = routeEndpoint(pod.node, '/local') ?? { ip: '127.0.0.1', port: PORTS.app };
  // A new upstream connection per request is nginx's default: it speaks HTTP/1.0 and closes.
  const server = (listen: string, client: string) => `  server {
    listen ${listen};
    proxy_set_header Host $host;
    proxy_set_header X-Request-ID $passed_request_id;
    proxy_set_header X-Real-IP ${client};
    proxy_set_header X-Forwarded-For ${client};
${locations.join('\n')}
    location /kept {
      proxy_pass http://kept;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
    location /held {
      limit_req zone=held burst=20;
      proxy_pass http://kept;
    }
    location / { return 404 "${pod.name} has no such route\\n"; }
  }`;
  return `  log_format truth escape=json '{"id":"$arg_id","peer":"$realip_remote_addr:$realip_remote_port","server":"$server_addr:$server_port","upstream":"$upstream_addr","proxyProtocol":"$proxy_protocol_addr:$proxy_protocol_port","status":$status,"requestS":"$request_time","connectS":"$upstream_connect_time","headerS":"$upstream_header_time"}';
  access_log "${accessLogOf(labFolder, pod)}" truth;
  limit_req_zone $server_port zone=held:1m rate=5r/s;
  map $http_x_request_id $passed_request_id { default $http_x_request_id; "" $request_id; }
${upstreams.join('\n')}
  upstream kept { server ${kept.ip}:${kept.port}; keepalive 4; }
${server(String(PORTS.ingress), '$remote_addr')}
${server(`${PORTS.ingressProxy} proxy_protocol`, '$proxy_protocol_addr')}`;
}

function appHttp(labFolder: string, pod: PodPlan): string {
  return `  log_format truth escape=json '{"id":"$arg_id","peer":"$remote_addr:$remote_port","server":"$server_addr:$server_port","forwardedFor":"$http_x_forwarded_for","status":$status}';
  access_log "${accessLogOf(labFolder, pod)}" truth;
  server {
    listen ${PORTS.app};
    listen ${PORTS.appPinned};
    default_type text/plain;
    add_header Set-Cookie "session=lab-session-cookie";
    location / { return 200 "pod=${pod.name} peer=$remote_addr:$remote_port xff=$http_x_forwarded_for rid=$http_x_request_id\\n"; }
  }`;
}

/**
 * haproxy in TCP mode. Each finished session is one line on its standard output: client, own source, server.
 * One thread: two write to the same descriptor under a lock that the waiting one soon gives up, and its line with it
 * (haproxy issue 1861; 15 of 40,000 lines lost beside a program of real-time priority, none with one thread).
 */
export function haproxyConfig(): string {
  return `global
  nbthread 1
  maxconn 4000
  log stdout format raw local0
defaults
  mode tcp
  log global
  option dontlognull
  timeout connect 1500ms
  timeout client 10s
  timeout server 10s
  retries 0
  log-format "%ci:%cp %bi:%bp %s %f"
${LISTENERS.map(haproxyListener).join('\n')}
`;
}

function haproxyListener(listener: ListenerPlan): string {
  const header = { none: '', v1: ' send-proxy', v2: ' send-proxy-v2' }[listener.proxyHeader];
  const { nodePort } = serviceNamed(listener.service);
  const servers = listener.nodes.map(
    (name) => `  server ${name} ${nodeNamed(name).ip}:${nodePort}${header}`,
  );
  return `listen ${listener.name}
  bind ${LB_FRONT_IP}:${listener.port}
  balance roundrobin
${servers.join('\n')}`;
}
