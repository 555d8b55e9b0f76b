/** Configurations of the suite's proxies. Text in, text out. */
import { join } from 'node:path';
import type { HaproxySetup, NginxSetup, Variant } from './variants.ts';

export interface Place {
  readonly folder: string;
  /** `ip:port` of the app. */
  readonly app: string;
  /** Certificate and key in one file. */
  readonly certificate: string;
}

export function proxyConfig(variant: Variant, place: Place): string {
  if (variant.nginx !== null) return nginxConfig(variant, variant.nginx, place);
  if (variant.haproxy !== null) return haproxyConfig(variant, variant.haproxy, place);
  throw new Error(`${variant.id} is no proxy`);
}

function nginxConfig(variant: Variant, setup: NginxSetup, place: Place): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path "${join(place.folder, 'conf', `${variant.id}-${kind}`)}";`,
  );
  const keepAlive = setup.keepAlive > 0;
  const tls = variant.isTls
    ? `    ssl_certificate "${place.certificate}";\n    ssl_certificate_key "${place.certificate}";\n`
    : '';
  const auth = setup.hasAuthRequest
    ? `    location = /auth { internal; proxy_pass http://app/auth?id=$id; proxy_pass_request_body off; proxy_set_header Content-Length ""; }\n`
    : '';
  return `worker_processes ${setup.workers};
daemon off;
pid "${join(place.folder, 'conf', `${variant.id}.pid`)}";
error_log stderr warn;
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_requests 100000;
  upstream app { server ${place.app};${keepAlive ? ` keepalive ${setup.keepAlive};` : ''} }
  server {
    listen ${variant.port}${variant.isTls ? ' ssl' : ''} backlog=4096;
${tls}${keepAlive ? '    proxy_http_version 1.1;\n    proxy_set_header Connection "";\n' : ''}    proxy_request_buffering ${setup.isBuffering ? 'on' : 'off'};
${auth}    location /app { ${setup.hasAuthRequest ? 'set $id $arg_id; auth_request /auth; ' : ''}proxy_pass http://app; }
    location / { return 404 "no such path\\n"; }
  }
}
`;
}

/** What the app logs is the truth here, so haproxy's own log, which threads lose lines of, is off. */
function haproxyConfig(variant: Variant, setup: HaproxySetup, place: Place): string {
  const tls = variant.isTls ? ` ssl crt ${place.certificate}` : '';
  const isHttp = setup.mode === 'http';
  const own = `  http-request return status 404 content-type text/plain string "no such path" unless { path_beg /app }\n`;
  const limit = setup.maxConnections > 0 ? ` maxconn ${setup.maxConnections}` : '';
  return `global
  nbthread ${setup.threads}
  maxconn 4000
defaults
  mode ${setup.mode}
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout queue 20s
${isHttp ? `  http-reuse ${setup.reuse}\n` : ''}frontend clients
  bind 0.0.0.0:${variant.port}${tls} backlog 4096
${isHttp ? own : ''}  default_backend app
backend app
  server app ${place.app}${limit}
`;
}
