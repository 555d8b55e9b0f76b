import { expect, test } from '@jest/globals';
import { type Damage, encodeFrameHead, type FrameFile, scanFrames } from './frame.ts';

/** FNV-1a: any check will do here; the services bring a CRC. */
const checksum = (bytes: Uint8Array, start: number) =>
  bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x0100_0193) >>> 0, start >>> 0);
const file: FrameFile = { salt: 0x1234_5678, checksum };

function fileOf(...payloads: readonly string[]): Uint8Array {
  const parts = payloads.flatMap((text, index) => {
    const payload = new TextEncoder().encode(text);
    return [
      encodeFrameHead({ type: 7, id: 2 ** 33 + index, timeMs: 1.5 }, [payload], file),
      payload,
    ];
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function read(bytes: Uint8Array, as: FrameFile = file) {
  const texts: string[] = [];
  const damages: Damage[] = [];
  for (const each of scanFrames(bytes, as)) {
    if ('frame' in each) texts.push(new TextDecoder().decode(each.frame.payload));
    else damages.push(each.damage);
  }
  return { texts, damages };
}

test('frames come back as they were written, an empty one included', () => {
  const bytes = fileOf('one', '', 'three');
  const frames = [...scanFrames(bytes, file)].map((each) => ('frame' in each ? each.frame : null));
  expect(frames.map((frame) => [frame?.type, frame?.id, frame?.timeMs])).toEqual([
    [7, 2 ** 33, 1.5],
    [7, 2 ** 33 + 1, 1.5],
    [7, 2 ** 33 + 2, 1.5],
  ]);
  expect(read(bytes)).toEqual({ texts: ['one', '', 'three'], damages: [] });
});

test('a file cut at any byte keeps every whole frame', () => {
  const bytes = fileOf('one', 'two', 'three');
  const ends = [39, 78, 119];
  for (let length = 0; length <= bytes.length; length++) {
    const { texts, damages } = read(bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    expect(texts).toEqual(['one', 'two', 'three'].slice(0, whole));
    expect(damages).toHaveLength(length === 0 || ends.includes(length) ? 0 : 1);
  }
});

test('a bit flipped anywhere costs the frame that it lies in and no other', () => {
  const bytes = fileOf('one', 'two', 'three');
  for (let at = 0; at < bytes.length; at++) {
    const bad = bytes.slice();
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    const lost = at < 39 ? 0 : at < 78 ? 1 : 2;
    const { texts, damages } = read(bad);
    expect(texts).toEqual(['one', 'two', 'three'].filter((_, index) => index !== lost));
    expect(damages).toHaveLength(1);
  }
});

test('bytes of a payload never pass for a frame: they were not made with the salt of this file', () => {
  const forged = fileOf('forged');
  const payload = String.fromCharCode(...forged);
  const bytes = fileOf('one');
  const inner = Uint8Array.from(payload, (char) => char.charCodeAt(0));
  const other: FrameFile = { salt: 99, checksum };
  const head = encodeFrameHead({ type: 7, id: 1, timeMs: 0 }, [inner], other);
  head[5] = (head[5] ?? 0) ^ 1;
  expect(read(Uint8Array.from([...head, ...inner]), other).texts).toEqual([]);
  expect(read(bytes, other).texts).toEqual([]);
});
