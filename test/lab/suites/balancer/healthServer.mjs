/**
 * A health check node port as kube-proxy serves it (pkg/proxy/healthcheck/service_health.go): 200 where the node has
 * ready endpoints, else 503, on any path. Arguments: port, namespace/service, file that holds the number of endpoints.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, name, file] = process.argv.slice(2);
const [namespace, service] = name.split('/');
// As /proc/PID/comm has it: agents ask what kube-proxy listens on, and nothing else.
process.title = 'kube-proxy';

const server = createServer((_request, response) => {
  const localEndpoints = Number(readFileSync(file, 'utf8'));
  response.writeHead(localEndpoints > 0 ? 200 : 503, {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'x-load-balancing-endpoint-weight': String(localEndpoints),
  });
  const body = { service: { namespace, name: service }, localEndpoints, serviceProxyHealthy: true };
  response.end(JSON.stringify(body, null, '\t'));
});
server.listen(Number(port), '0.0.0.0', () => console.log('ready'));
