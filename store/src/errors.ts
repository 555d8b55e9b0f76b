/** Every error that store/ throws on purpose. Services turn it into their AppError by `code`. */

export const STORE_ERROR_CODES = [
  'HOP_STORE_CONFIG',
  'HOP_STORE_UNREACHABLE',
  'HOP_STORE_REFUSED',
  'HOP_STORE_BUSY',
  'HOP_STORE_ROW',
  'HOP_STORE_CURSOR',
  'HOP_STORE_PATH_ID',
  'HOP_STORE_MIGRATION',
  'HOP_STORE_TRANSLATION',
  'HOP_STORE_FORM',
  'HOP_STORE_SHARD',
  'HOP_STORE_BACKUP',
  'HOP_EMBEDDED_UNSUPPORTED',
  'HOP_EMBEDDED_LOCKED',
  'HOP_EMBEDDED_PORT',
  'HOP_EMBEDDED_FAILED',
] as const;
export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number];

export interface StoreErrorDetail {
  /** The input that is at fault, where one is. */
  readonly field?: string;
  readonly remedy: string;
  /** True when the same call may succeed later without any change. */
  readonly isRetryable?: boolean;
  readonly cause?: unknown;
}

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly field: string | null;
  readonly remedy: string;
  readonly isRetryable: boolean;

  constructor(code: StoreErrorCode, text: string, detail: StoreErrorDetail) {
    super(text, { cause: detail.cause });
    this.name = 'StoreError';
    this.code = code;
    this.field = detail.field ?? null;
    this.remedy = detail.remedy;
    this.isRetryable = detail.isRetryable ?? false;
  }
}
