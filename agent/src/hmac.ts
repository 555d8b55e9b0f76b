/**
 * HMAC-SHA256 (RFC 2104, FIPS 180-4) of short inputs, in plain arithmetic: a call of node:crypto costs three times as
 * much as both blocks here, and an agent hashes three inputs for each connection. Equal to node:crypto's by test.
 */

const BLOCK_BYTES = 64;
const STATE_WORDS = 8;
/** A message with its end mark and its length must fit into one block. */
export const MAX_MESSAGE_BYTES = BLOCK_BYTES - 9;

const ROUND_CONSTANTS = constants(64, (prime) => Math.cbrt(prime));
const INITIAL_STATE = constants(STATE_WORDS, (prime) => Math.sqrt(prime));

export class ShortHmac {
  /** The states after the key's blocks: the same for all messages. */
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #view = new DataView(this.#block.buffer);
  readonly #words = new Int32Array(BLOCK_BYTES);
  readonly #state = new Int32Array(STATE_WORDS);

  /** `key` has at most 64 bytes: a longer one is to be hashed by the caller, as RFC 2104 says. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError(`the key has ${key.length} bytes, not ≤ 64`);
    this.#inner = this.#keyState(key, 0x36);
    this.#outer = this.#keyState(key, 0x5c);
  }

  /** The first 8 bytes of the HMAC as 16 hex digits. `message` has at most MAX_MESSAGE_BYTES. */
  hex64(message: Uint8Array): string {
    if (message.length > MAX_MESSAGE_BYTES)
      throw new RangeError(`the message has ${message.length} bytes, not ≤ ${MAX_MESSAGE_BYTES}`);
    this.#block.fill(0);
    this.#block.set(message);
    this.#finish(this.#inner, message.length);
    this.#block.fill(0);
    const view = this.#view;
    for (let index = 0; index < STATE_WORDS; index++)
      view.setInt32(index * 4, this.#state[index] as number);
    this.#finish(this.#outer, STATE_WORDS * 4);
    return hex32(this.#state[0] ?? 0) + hex32(this.#state[1] ?? 0);
  }

  /** One more block after the key's: what it holds, the end mark, the length of key block and message in bits. */
  #finish(start: Int32Array, bytes: number): void {
    this.#block[bytes] = 0x80;
    this.#view.setUint32(BLOCK_BYTES - 4, (BLOCK_BYTES + bytes) * 8);
    this.#state.set(start);
    this.#compress();
  }

  #keyState(key: Uint8Array, pad: number): Int32Array {
    this.#block.fill(pad);
    for (const [index, byte] of key.entries()) this.#block[index] = byte ^ pad;
    this.#state.set(INITIAL_STATE);
    this.#compress();
    return this.#state.slice();
  }

  #compress(): void {
    schedule(this.#words, this.#view);
    mix(this.#state, this.#words);
  }
}

function schedule(words: Int32Array, view: DataView): void {
  for (let t = 0; t < 16; t++) words[t] = view.getInt32(t * 4);
  for (let t = 16; t < 64; t++) {
    const a = words[t - 15] as number;
    const b = words[t - 2] as number;
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    words[t] = ((words[t - 16] as number) + s0 + (words[t - 7] as number) + s1) | 0;
  }
}

function mix(state: Int32Array, words: Int32Array): void {
  // One by one: taking an array apart runs an iterator, which costs more than the rounds.
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + (ROUND_CONSTANTS[t] as number) + (words[t] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  state[0] = ((state[0] as number) + a) | 0;
  state[1] = ((state[1] as number) + b) | 0;
  state[2] = ((state[2] as number) + c) | 0;
  state[3] = ((state[3] as number) + d) | 0;
  state[4] = ((state[4] as number) + e) | 0;
  state[5] = ((state[5] as number) + f) | 0;
  state[6] = ((state[6] as number) + g) | 0;
  state[7] = ((state[7] as number) + h) | 0;
}

/** The first 32 fractional bits of a root of each of the first primes. */
function constants(count: number, root: (prime: number) => number): Int32Array {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return Int32Array.from(primes, (prime) => Math.floor((root(prime) % 1) * 0x1_0000_0000) | 0);
}

function hex32(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
