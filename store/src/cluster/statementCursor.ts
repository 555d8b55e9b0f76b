/** Reads a statement token by token; what is not as expected is an error that shows the statement. */
import { StoreError } from '../errors.ts';
import { type SqlToken, sqlTokens } from './sqlTokens.ts';

const SHOWN_CHARACTERS = 120;
const NAME_FORM = /^[a-z_][a-z0-9_]*$/;

export interface Brackets {
  readonly open: SqlToken;
  readonly close: SqlToken;
}

export class StatementCursor {
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
  private index = 0;

  constructor(sql: string) {
    this.sql = sql;
    try {
      this.tokens = sqlTokens(sql);
    } catch (error) {
      this.tokens = [];
      throw this.error(error instanceof Error ? error.message : String(error));
    }
  }

  /** The token that comes next, `ahead` further on; null behind the end. */
  peek(ahead = 0): SqlToken | null {
    return this.tokens[this.index + ahead] ?? null;
  }

  next(): SqlToken {
    const token = this.tokens[this.index];
    if (token === undefined) throw this.error('it ends too early');
    this.index += 1;
    return token;
  }

  /** Takes these words where they come next, all or none. */
  take(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.peek(ahead)?.upper === word)) return false;
    this.index += words.length;
    return true;
  }

  expect(...words: readonly string[]): void {
    if (this.take(...words)) return;
    const found = this.peek();
    throw this.error(
      `${words.join(' ')} is missing${found === null ? '' : ` before "${this.text(found)}"`}`,
    );
  }

  /** A name without quotes and without a database. */
  name(): SqlToken {
    const token = this.next();
    if (token.kind !== 'word' || !NAME_FORM.test(this.text(token))) {
      throw this.error(`"${this.text(token)}" is no plain name in lower case`);
    }
    if (this.peek()?.upper === '.') throw this.error('a name must not carry a database');
    return token;
  }

  /** From an opening bracket to behind its closing one; answers both. */
  brackets(): Brackets {
    const open = this.next();
    if (open.upper !== '(') throw this.error(`"${this.text(open)}" stands where ( must`);
    for (;;) {
      const token = this.next();
      if (token.upper === ')' && token.depth === open.depth) return { open, close: token };
    }
  }

  rest(): readonly SqlToken[] {
    const rest = this.tokens.slice(this.index);
    this.index = this.tokens.length;
    return rest;
  }

  text(token: SqlToken): string {
    return this.sql.slice(token.start, token.end);
  }

  error(reason: string): StoreError {
    const line = this.sql.replace(/\s+/g, ' ').trim();
    const shown = line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
    return new StoreError(
      'HOP_STORE_TRANSLATION',
      `this statement has no cluster form: ${reason}: ${shown}`,
      {
        field: shown,
        remedy:
          'Write it in one of the forms that docs/store.md lists, or teach store/src/cluster/translate.ts this one.',
      },
    );
  }
}
