/** The bench's own programs, compiled when their sources change. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled, run } from '../../lab/command.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const BUILD_FOLDER = join(FOLDER, '../build');
const BPF_FOLDER = fileURLToPath(new URL('../../../agent/bpf', import.meta.url));
const MULTIARCH: Readonly<Record<string, string>> = {
  x64: '/usr/include/x86_64-linux-gnu',
  arm64: '/usr/include/aarch64-linux-gnu',
};

/** The load generator; see load.c. */
export function buildLoad(): Promise<string> {
  return build('load.c', '', (source, out) =>
    run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', out, source]),
  );
}

/** An object for the loader whose programs do nothing. */
export function buildEmptyObject(): Promise<string> {
  const clang = ['clang', 'clang-18', 'clang-16', 'clang-14'].find(isInstalled) ?? 'clang';
  const include = ['-I', BPF_FOLDER, '-idirafter', MULTIARCH[process.arch] ?? '/usr/include'];
  const flags = ['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-std=gnu11', ...include, '-c'];
  const maps = readFileSync(join(BPF_FOLDER, 'maps.bpf.h'), 'utf8');
  const layout = readFileSync(join(BPF_FOLDER, 'hop.h'), 'utf8');
  return build('empty.bpf.c', maps + layout, (source, out) =>
    run(clang, [...flags, source, '-o', out]),
  );
}

async function build(
  name: string,
  dependsOn: string,
  compile: (source: string, out: string) => Promise<unknown>,
): Promise<string> {
  const source = join(FOLDER, name);
  const text = readFileSync(source, 'utf8') + dependsOn;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const path = join(BUILD_FOLDER, `${name.replace(/\.c$/, '')}-${hash}.o`);
  if (existsSync(path)) return path;
  mkdirSync(BUILD_FOLDER, { recursive: true });
  const part = `${path}.${process.pid}`;
  await compile(source, part);
  renameSync(part, path);
  return path;
}
