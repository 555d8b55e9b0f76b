/** What `up` settles before the services read their environment. Everything given by the user wins. */
import { join } from 'node:path';

type Environment = NodeJS.ProcessEnv;

/** Services log warnings only: the terminal belongs to the progress lines. Data stays below the checkout. */
export function upEnvironment(env: Environment, root: string): Environment {
  return {
    HOPTRACE_COLLECTOR_LOG_LEVEL: 'warn',
    HOPTRACE_API_LOG_LEVEL: 'warn',
    HOPTRACE_DATA_DIR: join(root, '.data'),
    ...env,
  };
}

/** The demo has its own data, so that replayed requests never mix with real ones, and its recorded cluster's topology. */
export function demoEnvironment(env: Environment, root: string): Environment {
  const { CLICKHOUSE_URL: _server, ...rest } = upEnvironment(env, root);
  return {
    ...rest,
    HOPTRACE_DATA_DIR: join(rest.HOPTRACE_DATA_DIR ?? join(root, '.data'), 'demo'),
    HOPTRACE_TOPOLOGY_FILE: join(demoFolder(root), 'topology.json'),
    HOPTRACE_KUBERNETES: 'off',
  };
}

/** Where the committed recording lies. */
export function demoFolder(root: string): string {
  return join(root, 'cli/recordings/demo');
}

/** For `hoptrace` commands that look for files of the checkout. */
export function rootOf(moduleUrl: string): string {
  return join(new URL('.', moduleUrl).pathname, '../..');
}
