/** From some thousand paths and spans to a day of them: the same again and again, at other times, under other ids. */
import type { Store } from '@hoptrace/store/client.ts';
import { SMALL_BLOCKS } from './rivals.ts';

export const DAY_US = 86_400_000_000;
const BASE_36 = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The first eleven digits of a path id (pathKey.ts), of `time`. */
const idTime = (time: string) =>
  `arrayStringConcat(arrayMap(place -> substring('${BASE_36}', toUInt8(intDiv(${time}, toUInt64(pow(36, 10 - place))) % 36) + 1, 1), range(11)))`;

/** A merge of what was already copied would be copied again: each copy is made of the originals alone. */
export async function copyDay(
  store: Store,
  { copies, spanUs, withSpans = true }: { copies: number; spanUs: number; withSpans?: boolean },
): Promise<void> {
  await store.command('CREATE TABLE originals AS paths_v1 ENGINE = MergeTree ORDER BY path_id');
  await store.command(`INSERT INTO originals SELECT * FROM paths_v1 ${SMALL_BLOCKS}`);
  if (withSpans) {
    await store.command(
      'CREATE TABLE original_spans AS otel_traces ENGINE = MergeTree ORDER BY TraceId',
    );
    await store.command(`INSERT INTO original_spans SELECT * FROM otel_traces ${SMALL_BLOCKS}`);
  }
  for (let copy = 1; copy < copies; copy++) {
    const params = { copy, shift: copy * spanUs };
    await store.command(COPY_PATHS, params);
    if (withSpans) await store.command(COPY_SPANS, params);
  }
  await store.command('DROP TABLE originals');
  if (withSpans) await store.command('DROP TABLE original_spans');
}

const NEW_ID = `concat(${idTime('originals.started_at_us + {shift:UInt64}')}, '-', leftPad(lower(hex(sipHash64(originals.path_id, {copy:UInt32}))), 16, '0'))`;

const COPY_PATHS = `INSERT INTO paths_v1
SELECT * REPLACE (
    ${NEW_ID} AS path_id,
    originals.started_at_us + {shift:UInt64} AS started_at_us,
    replaceOne(
        replaceOne(originals.document, originals.path_id, ${NEW_ID}),
        toString(originals.started_at_us), toString(originals.started_at_us + {shift:UInt64})) AS document
)
FROM originals
${SMALL_BLOCKS}`;

const COPY_SPANS = `INSERT INTO otel_traces
SELECT * REPLACE (
    addMicroseconds(original_spans.Timestamp, {shift:UInt64}) AS Timestamp,
    lower(hex(sipHash128(original_spans.TraceId, {copy:UInt32}))) AS TraceId
)
FROM original_spans
${SMALL_BLOCKS}`;

/** Raw legs are not asked for here. */
export async function forgetLegs(store: Store): Promise<void> {
  await store.command('TRUNCATE TABLE legs_v1');
}
