/** `hoptrace up`: the whole product on loopback in one process tree. */
import { readFileSync } from 'node:fs';
import { readAlertConfig } from '@hoptrace/api/alerts/config.ts';
import { readConfig as readApiConfig } from '@hoptrace/api/config.ts';
import { readConfig as readCollectorConfig } from '@hoptrace/collector/config.ts';
import { readStoreConfig } from '@hoptrace/store/config.ts';
import { startDemo } from '../demo/demo.ts';
import { demoEnvironment, upEnvironment } from './environment.ts';
import { Lifecycle } from './lifecycle.ts';
import { startLocalAgent } from './localAgent.ts';
import { buildPage, isPageStale } from './page.ts';
import { createProgress } from './progress.ts';
import { type ServicesConfig, startServices } from './services.ts';

export interface UpOptions {
  /** Replay the recording of the lab instead of watching this host. */
  readonly demo: boolean;
  /** Folder that holds package.json. */
  readonly root: string;
}

/** Resolves with the exit code once everything has stopped again: 0 after a signal, 1 after a failure. */
export async function up({ demo, root }: UpOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const ended = endOfRun();
  const progress = createProgress((text) => process.stdout.write(text), Date.now);
  const lifecycle = new Lifecycle();
  let failure: string | null = null;
  try {
    progress.say(`hoptrace starts${demo ? ' with a recording of real requests (demo)' : ''}`);
    const given = demo ? demoEnvironment(env, root) : upEnvironment(env, root);
    const config = readServicesConfig(given);
    if (isPageStale(root)) await progress.step('page (built once)', () => buildPage(root));
    const services = await startServices(config, { lifecycle, progress, onStoreExit: ended.fail });
    const sources = { lifecycle, progress, collectorUrl: services.collectorUrl };
    if (demo) await startDemo(given, root, sources);
    else await startLocalAgent(given, sources);
    progress.say(`\nready: ${services.apiUrl}    (stop with Ctrl-C)\n`);
    failure = await ended.promise;
  } catch (error) {
    failure = error instanceof Error ? describe(error) : String(error);
  }
  if (failure !== null) process.stderr.write(`\nhoptrace: ${failure}\n`);
  else progress.say('\nstopping');
  for (const problem of await lifecycle.stop())
    process.stderr.write(`not stopped in order: ${problem}\n`);
  return failure === null ? 0 : 1;
}

function readServicesConfig(env: NodeJS.ProcessEnv): ServicesConfig {
  const readText = (path: string) => readFileSync(path, 'utf8');
  return {
    store: readStoreConfig(env),
    collector: readCollectorConfig(env, readText),
    api: readApiConfig(env, readText),
    alerts: readAlertConfig(env, readText),
  };
}

interface EndOfRun {
  /** null after a signal, else why the run cannot go on. */
  readonly promise: Promise<string | null>;
  readonly fail: (reason: string) => void;
}

/** A second signal ends at once: somebody is waiting. */
function endOfRun(): EndOfRun {
  let fail: (reason: string) => void = () => {};
  const promise = new Promise<string | null>((resolve) => {
    fail = resolve;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve(null);
        process.once(signal, () => process.exit(130));
      });
    }
  });
  return { promise, fail };
}

/** Errors of the services carry `errors`, `problems` or `remedy`: what to change, which is what people need. */
function describe(error: Error): string {
  const lines = [error.message];
  const detail =
    [Reflect.get(error, 'errors'), Reflect.get(error, 'problems')].find(Array.isArray) ?? [];
  for (const each of detail) lines.push(`  ${each.field}: ${each.text} ${each.remedy}`);
  const remedy = Reflect.get(error, 'remedy');
  if (typeof remedy === 'string') lines.push(`  ${remedy}`);
  return lines.join('\n');
}
