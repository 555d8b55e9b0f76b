/**
 * The agent as the product runs it, forked by the bench, which asks it for its counters over IPC. The environment
 * is that of `hoptrace agent run`.
 */
import { hostname } from 'node:os';
import { buildAgent, loaderSource } from '@hoptrace/agent/app.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { jsonLog } from '@hoptrace/agent/log.ts';

const POLL_MS = 10;

const config = readAgentConfig(process.env, hostname());
const log = jsonLog((line) => process.stderr.write(line), Date.now);
const agent = buildAgent(config, { source: loaderSource(config, log), log });

process.on('message', () => {
  process.send?.({ metrics: agent.metrics(), memory: process.memoryUsage() });
});
process.on('disconnect', () => {
  agent.close().then(() => process.exit(0));
});
agent.start();
const poll = setInterval(() => {
  if (agent.hello() === null || agent.metrics().isConnected !== 1) return;
  clearInterval(poll);
  process.send?.({ ready: true });
}, POLL_MS);
