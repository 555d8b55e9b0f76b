/** What docker-compose.yml promises of each container, looked at from outside while it runs. */
import { z } from 'zod';
import type { Podman } from './podman.ts';
import { expectThat } from './poll.ts';

/** cap_perfmon 38, cap_bpf 39, cap_net_admin 12, as CapEff of /proc/PID/status has them. */
export const THREE_CAPABILITIES = '000000c000001000';
const NONE = '0000000000000000';

/** User of each service; of the agent, root without what root may. */
const USERS: Readonly<Record<string, number>> = {
  clickhouse: 101,
  collector: 1000,
  api: 1000,
  agent: 0,
  grafana: 472,
  prometheus: 65_534,
  alertmanager: 65_534,
};

const inspectedSchema = z.array(
  z.object({
    Config: z.object({ Labels: z.record(z.string(), z.string()) }),
    State: z.object({ Pid: z.int().positive() }),
    HostConfig: z.object({
      ReadonlyRootfs: z.boolean(),
      PortBindings: z
        .record(z.string(), z.array(z.object({ HostIp: z.string() })).nullable())
        .nullable(),
    }),
  }),
);

/** Throws, naming service and promise, where one is not kept. */
export async function expectHardened(podman: Podman, project: string): Promise<void> {
  const ids = (await podman.podman(['ps', '--quiet'])).split('\n').filter(Boolean);
  const text = await podman.podman(['inspect', '--type=container', ...ids]);
  const services = new Set<string>();
  for (const { Config, State, HostConfig } of inspectedSchema.parse(JSON.parse(text))) {
    const name = Config.Labels['com.docker.compose.service'] ?? '';
    expectThat(
      Config.Labels['com.docker.compose.project'] === project,
      `${name} belongs to ${project}`,
      Config.Labels,
    );
    services.add(name);
    expectThat(HostConfig.ReadonlyRootfs, `${name} cannot write its image`, HostConfig);
    for (const [port, bindings] of Object.entries(HostConfig.PortBindings ?? {}))
      for (const { HostIp } of bindings ?? [])
        expectThat(HostIp === '127.0.0.1', `${name} publishes ${port} on loopback alone`, HostIp);
    const status = await podman.inside(['cat', `/proc/${State.Pid}/status`]);
    const user = USERS[name];
    expectThat(
      new RegExp(`^Uid:\\t${user}\\t${user}\\t`, 'm').test(status),
      `${name} is user ${user}`,
      status,
    );
    const capabilities = name === 'agent' ? THREE_CAPABILITIES : NONE;
    for (const set of ['CapEff', 'CapPrm'])
      expectThat(
        status.includes(`${set}:\t${capabilities}`),
        `${name} has ${capabilities} as ${set}`,
        status,
      );
    expectThat(/^NoNewPrivs:\t1$/m.test(status), `${name} can gain no privileges`, status);
  }
  expectThat(
    Object.keys(USERS).every((name) => services.has(name)),
    'every service was looked at',
    [...services],
  );
}
