/** Which tokens are good now: those of the settings, and of two files that are read again when they change. */
import { readFile, stat } from 'node:fs/promises';
import { ANYONE, digestOf, type Identity, parseRevoked, parseTokens } from './tokens.ts';

export interface TokenSources {
  /** Of the environment; they change with the process alone. */
  readonly tokens: readonly string[];
  readonly tokenFile: string | null;
  readonly revokedFile: string | null;
}

export class TokenBook {
  readonly #sources: TokenSources;
  readonly #nowMs: () => number;
  readonly #fixed: readonly Identity[];
  /** By digest: what a search in it takes tells nothing of a token. */
  #known: ReadonlyMap<string, Identity>;
  #revoked: ReadonlySet<string> = new Set();
  readonly #seen = new Map<string, string>();
  readonly #errors = new Map<string, string>();

  constructor(sources: TokenSources, nowMs: () => number) {
    this.#sources = sources;
    this.#nowMs = nowMs;
    this.#fixed = parseTokens(sources.tokens.join('\n'));
    this.#known = byDigest(this.#fixed);
  }

  /** Without tokens (loopback only, config.ts sees to that) everybody on this machine may send. */
  get isOpen(): boolean {
    return this.#sources.tokens.length === 0 && this.#sources.tokenFile === null;
  }

  /** Why a file is not in use as it is now; the old one stays in use. */
  get errors(): readonly string[] {
    return [...this.#errors.values()];
  }

  /**
   * Reads what changed. Answers what there is to say about it, empty where nothing changed. Never rejects: what
   * was revoked stays so, and a token file that cannot be read opens to nobody new.
   */
  async poll(): Promise<string[]> {
    const { tokenFile, revokedFile } = this.#sources;
    const news = [
      await this.#read(tokenFile, (text) => {
        this.#known = byDigest([...this.#fixed, ...parseTokens(text)]);
        return `${this.#known.size} tokens in use`;
      }),
      await this.#read(revokedFile, (text) => {
        this.#revoked = parseRevoked(text);
        return `${this.#revoked.size} tokens revoked`;
      }),
    ];
    return news.flatMap((each) => each ?? []);
  }

  /** Null where the token is not known, revoked or expired. */
  identify(token: string): { identity: Identity } | { refusal: 'unknown' | 'revoked' | 'expired' } {
    const found = this.#known.get(digestOf(token));
    if (found === undefined) return { refusal: 'unknown' };
    const refusal = this.#refusalOf(found);
    return refusal === null ? { identity: found } : { refusal };
  }

  /** For connections that were opened a while ago: is their token still good? */
  isGood(identity: Identity): boolean {
    if (identity === ANYONE) return this.isOpen;
    return this.#refusalOf(identity) === null && this.#isKnown(identity);
  }

  #refusalOf({ digest, expiresMs }: Identity): 'revoked' | 'expired' | null {
    if (this.#revoked.has(digest)) return 'revoked';
    return this.#nowMs() >= expiresMs ? 'expired' : null;
  }

  /** A line that says something else since ends the connections of before: they come again under the new one. */
  #isKnown(identity: Identity): boolean {
    const now = this.#known.get(identity.digest);
    return (
      now !== undefined &&
      now.tenant === identity.tenant &&
      now.cluster === identity.cluster &&
      now.node === identity.node &&
      now.expiresMs === identity.expiresMs
    );
  }

  async #read(path: string | null, use: (text: string) => string): Promise<string | null> {
    if (path === null) return null;
    const mark = await markOf(path);
    if (mark === this.#seen.get(path)) return null;
    this.#seen.set(path, mark);
    try {
      const said = use(await readFile(path, 'utf8'));
      this.#errors.delete(path);
      return `${path}: ${said}`;
    } catch (error) {
      const text = `${path}: ${error instanceof Error ? error.message : String(error)}`;
      this.#errors.set(path, `${text}; what it said before stays in use`);
      return text;
    }
  }
}

function byDigest(identities: readonly Identity[]): ReadonlyMap<string, Identity> {
  return new Map(identities.map((each) => [each.digest, each]));
}

/** A Secret is replaced through a symbolic link, so the inode counts. */
async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return 'absent';
  }
}
