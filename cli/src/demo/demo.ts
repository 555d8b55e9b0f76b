/**
 * `--demo`: frames that real kernels wrote in the lab go through the same agent, collector, database and API as
 * live ones, at their recorded pace, in a loop, each time with the present time and fresh sequence numbers.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildReplayAgents } from '@hoptrace/agent/app.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { readRecording } from '@hoptrace/agent/recording.ts';
import { replaySources } from '@hoptrace/agent/source/replaySource.ts';
import { demoFolder } from '../up/environment.ts';
import type { SourceDeps } from '../up/localAgent.ts';
import { quietLog } from '../up/quietLog.ts';

/** A little longer than the recording itself; the replay lengthens it where it must. */
const LOOP_EVERY_MS = 30_000;

export async function startDemo(
  env: NodeJS.ProcessEnv,
  root: string,
  deps: SourceDeps,
): Promise<void> {
  const { lifecycle, progress, collectorUrl } = deps;
  const folder = demoFolder(root);
  const agents = await progress.step('recording', async () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.frames.gz'));
    const recordings = await Promise.all(
      files.sort().map((name) => readRecording(join(folder, name))),
    );
    const config = {
      ...readAgentConfig(env, 'demo'),
      collectorUrl: collectorUrl.replace(/^http/, 'ws'),
    };
    const log = quietLog();
    return buildReplayAgents(config, replaySources(recordings, { loopEveryMs: LOOP_EVERY_MS }), {
      log,
    });
  });
  for (const agent of agents) {
    lifecycle.add('replay', () => agent.close());
    agent.start();
  }
  progress.say(
    `  ${agents.length} nodes replay a recording of the lab (${folder.replace(`${root}/`, '')})`,
  );
}
