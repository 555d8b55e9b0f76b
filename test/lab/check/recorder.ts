/** Writes each node's loader frames to a file, without an agent behind them. */
import { join } from 'node:path';
import { loaderSource } from '@hoptrace/agent/app.ts';
import { jsonLog } from '@hoptrace/agent/log.ts';
import { LabError } from '../errors.ts';
import type { Lab } from '../lab.ts';
import { nodeAgentConfig } from './nodeAgent.ts';

export interface Recorder {
  readonly files: readonly string[];
  /** Resolves when the files are complete. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/** Resolves once every loader watches. */
export async function recordNodes(lab: Lab, folder: string): Promise<Recorder> {
  const log = jsonLog((line) => process.stderr.write(line), Date.now);
  const started = lab.namespaces
    .filter((namespace) => namespace.role === 'node')
    .map((node) => {
      const config = nodeAgentConfig({
        lab,
        node,
        secret: '00'.repeat(16),
        collectorUrl: 'ws://127.0.0.1:1',
        recordFolder: folder,
      });
      const source = loaderSource(config, log);
      const ready = new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () =>
            reject(
              new LabError(
                `the loader of ${config.node} did not start`,
                'npm run agent:build builds it.',
              ),
            ),
          START_TIMEOUT_MS,
        );
        source.start({
          onFrames: () => {
            clearTimeout(timer);
            resolve();
          },
          onBadFrames: () => {},
          onBreak: () => {},
        });
      });
      return { source, ready, file: join(folder, `${config.node}.frames.gz`) };
    });
  const close = async () => {
    await Promise.all(started.map(({ source }) => source.close()));
  };
  try {
    await Promise.all(started.map(({ ready }) => ready));
  } catch (error) {
    await close();
    throw error;
  }
  return { files: started.map(({ file }) => file), close };
}
