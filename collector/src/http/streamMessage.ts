/** A WebSocket message, before anybody knows what it is. */
import { AppError } from '../errors.ts';

export interface Message {
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
  readonly receivedAtUs: number;
}

export function textMessage(): AppError {
  const problem = {
    field: 'message',
    text: 'is a text message',
    remedy: 'send batches as binary messages; NDJSON goes to POST /v1/records',
  };
  return new AppError('HOP_REQUEST_INVALID', 'text messages are not read', { problems: [problem] });
}

export function asBytes(data: Buffer | ArrayBuffer | Buffer[]): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
