/** WHATWG Encoding: present in Node and in browsers alike. domain/ has neither Node's nor the DOM's types. */
export {};

declare global {
  class TextEncoder {
    encode(text: string): Uint8Array;
  }
  class TextDecoder {
    constructor(label?: string, options?: { fatal?: boolean });
    decode(bytes: Uint8Array): string;
  }
}
