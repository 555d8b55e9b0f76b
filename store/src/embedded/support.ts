/** Can this machine run the embedded engine? Answers before anything is started. */
import { createRequire } from 'node:module';
import { StoreError } from '../errors.ts';

const USE_SERVER =
  'set CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD to use a ClickHouse server';

export interface HostFacts {
  readonly platform: string;
  readonly arch: string;
  /** null on musl and on every platform that is not Linux. */
  readonly glibcVersion: string | null;
  readonly hasLibrary: boolean;
}

/** Throws HOP_EMBEDDED_UNSUPPORTED with the reason and what to do instead. */
export function assertSupported(host: HostFacts): void {
  const reason = unsupportedReason(host);
  if (reason === null) return;
  throw new StoreError(
    'HOP_EMBEDDED_UNSUPPORTED',
    `the embedded ClickHouse cannot run here: ${reason.text}`,
    { remedy: `${reason.remedy}, or ${USE_SERVER}.` },
  );
}

function unsupportedReason(host: HostFacts): { text: string; remedy: string } | null {
  const place = `${host.platform} ${host.arch}`;
  const isKnown = ['linux x64', 'linux arm64', 'darwin x64', 'darwin arm64'].includes(place);
  if (!isKnown) {
    return {
      text: `there is no build of it for ${place}`,
      remedy: 'Run on 64-bit Linux (x64, arm64) or macOS',
    };
  }
  if (host.platform === 'linux' && host.glibcVersion === null) {
    return {
      text: 'it needs glibc, and this system has another C library (musl, as in Alpine)',
      remedy: 'Use an image based on glibc, such as Debian',
    };
  }
  if (host.hasLibrary) return null;
  return {
    text: 'the optional packages chdb and ffi-rs are not installed',
    remedy: 'Run `npm ci` without --omit=optional',
  };
}

export function readHostFacts(): HostFacts {
  return {
    platform: process.platform,
    arch: process.arch,
    glibcVersion: readGlibcVersion(),
    hasLibrary: ['chdb/libchdb', 'ffi-rs'].every(isInstalled),
  };
}

function readGlibcVersion(): string | null {
  const report: unknown = process.report.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return null;
  const { header } = report;
  if (typeof header !== 'object' || header === null) return null;
  return 'glibcVersionRuntime' in header ? String(header.glibcVersionRuntime) : null;
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
