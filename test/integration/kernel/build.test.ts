import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

/** Objects for other machines, and kernels that lack something. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILD = `${ROOT}agent/build`;
const OTHER_ARCH = process.arch === 'arm64' ? 'amd64' : 'arm64';
const MACHINE = { bpf: 247, amd64: 62, arm64: 183 } as const;
const TIMEOUT_MS = 180_000;

const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`build.test.ts: skipped: ${reason}\n`);

function missingHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs /sys/kernel/btf/vmlinux';
  const { status, stderr } = build();
  return status === 0 ? undefined : stderr;
}

function build(...args: string[]) {
  return spawnSync('bash', [`${ROOT}scripts/build-agent.sh`, ...args], { encoding: 'utf8' });
}

/** e_machine of an ELF file. */
const machineOf = (path: string) => readFileSync(path).readUInt16LE(18);

interface Report {
  readonly ok: boolean;
  readonly source: string;
  readonly checks: {
    readonly name: string;
    readonly ok: boolean;
    readonly remedy: string | null;
  }[];
}

function check(...args: string[]): Report {
  const { stdout } = spawnSync(`${BUILD}/hoptrace-loader`, ['--check', ...args], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as Report;
}

onThisHost(
  'the agent is built for the other architecture; without its compiler the object alone, which is said',
  () => {
    const { status, stdout, stderr } = build('--force', '--arch', OTHER_ARCH);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const object = `${BUILD}/${OTHER_ARCH}/hop.bpf.o`;
    expect(machineOf(object)).toBe(MACHINE.bpf);
    // One instruction set: what is built for there loads here.
    expect(check('--object', object)).toMatchObject({ ok: true, source: 'ebpf' });
    const loader = `${BUILD}/${OTHER_ARCH}/hoptrace-loader`;
    if (stdout.includes('not the loader')) expect(stdout).toContain(`libbpf-dev:${OTHER_ARCH}`);
    else expect(machineOf(loader)).toBe(MACHINE[OTHER_ARCH]);
  },
  TIMEOUT_MS,
);

test('an architecture that nobody builds for is refused with what there is', () => {
  const { status, stderr } = build('--arch', 'mips');
  expect(status).toBe(2);
  expect(stderr).toContain('must be amd64 or arm64');
});

onThisHost.each([
  ['sock_recv_length', ['proxyLinks'], 'needs Linux 6.3'],
  ['skb_drop_reason', ['drops'], 'needs Linux 5.17'],
  ['cgroup', ['payload', 'proxyHeader'], 'cgroup v2'],
  ['conntrack', ['conntrack'], 'treated as one without'],
])(
  'a kernel without %s: all but %j is loaded and attached, and the reason is given',
  (missing, features, why) => {
    const whole = new Set(check().checks.flatMap((each) => (each.ok ? [] : [each.name])));
    // Other agents of this machine come and go.
    whole.add('alone');
    const report = check('--pretend-missing', missing);
    expect(report).toMatchObject({ ok: true, source: 'ebpf' });
    const lacking = report.checks.filter(({ name, ok }) => !ok && !whole.has(name));
    expect(lacking.map(({ name }) => name).sort()).toEqual(features);
    for (const { remedy } of lacking) expect(remedy).toContain(why);
  },
  TIMEOUT_MS,
);
