/**
 * The NDJSON form of a batch: the envelope on the first line, one record on each further line.
 *
 *   {"schemaVersion":1,"cluster":"lab","node":"node1","bootId":"0123456789abcdef","firstSeq":7,"count":1,…}
 *   {"kind":"proxyHeader","seq":7,"startUs":1790000000000000,"isnPairHash":"1111111111111111",…}
 */
import { recordSchema, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { CheckContext, ParseResult, RecordProblem } from './batch.ts';
import { checkRecords, type LocatedRecord } from './checkRecords.ts';
import { countProblems, MAX_BATCH_RECORDS } from './parseBinary.ts';
import { parseEnvelope } from './parseEnvelope.ts';
import { problemsOf, showValue } from './zodProblems.ts';

/** Twice the records: room for an empty line after each. */
const MAX_LINES = 2 * MAX_BATCH_RECORDS;

interface Line {
  readonly text: string;
  readonly number: number;
}

/** Empty lines are skipped, but counted: the line numbers are those of an editor, from 1. */
export function parseNdjson(text: string, context: CheckContext): ParseResult {
  if (hasTooManyLines(text)) return tooMany(`more than ${MAX_LINES} lines`);
  const lines = text
    .split('\n')
    .map((each, index): Line => ({ text: each.trim(), number: index + 1 }))
    .filter((line) => line.text !== '');
  const [first, ...rest] = lines;
  if (first === undefined) return refused('HOP_ENVELOPE_INVALID', 'the body is empty', NO_ENVELOPE);
  if (rest.length > MAX_BATCH_RECORDS) return tooMany(`${rest.length} records`);
  const head = parseLine(first);
  if ('problem' in head) {
    const detail = 'the first line is no JSON';
    return refused('HOP_ENVELOPE_INVALID', detail, { ...head.problem, reason: 'envelope' });
  }
  const result = parseEnvelope(head.value, first.number);
  if ('refused' in result) return result;
  const parsed = rest.map(parseRecordLine);
  const checked = checkRecords(
    parsed.flatMap((each) => ('record' in each ? [each] : [])),
    context,
  );
  const problems = [
    ...parsed.flatMap((each) => ('problems' in each ? each.problems : [])),
    ...checked.problems,
    ...countProblems(result.envelope.count, rest.length),
  ].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (checked.records.length === 0 && problems.length > 0) {
    const { firstSeq } = result.envelope;
    const detail = 'no record of the batch is good';
    return { refused: { code: 'HOP_BATCH_INVALID', firstSeq, detail, problems } };
  }
  return { batch: { envelope: result.envelope, records: checked.records, problems } };
}

const NO_ENVELOPE: RecordProblem = {
  reason: 'envelope',
  field: 'envelope',
  text: 'is missing',
  remedy: 'write the envelope on the first line, records on the lines after it',
  line: 1,
};

function refused(
  code: 'HOP_ENVELOPE_INVALID' | 'HOP_BATCH_TOO_LARGE',
  detail: string,
  problem: RecordProblem,
): ParseResult {
  return { refused: { code, firstSeq: null, detail, problems: [problem] } };
}

function tooMany(what: string): ParseResult {
  return refused('HOP_BATCH_TOO_LARGE', `the batch has ${what}`, {
    reason: 'tooLarge',
    field: 'records',
    text: `the body has ${what}`,
    remedy: `send at most ${MAX_BATCH_RECORDS} records in a batch`,
  });
}

/** Counted before the text is split: 32 MiB of line feeds would make 32 million strings. */
function hasTooManyLines(text: string): boolean {
  let lines = 0;
  for (
    let at = text.indexOf('\n');
    at !== -1 && lines <= MAX_LINES;
    at = text.indexOf('\n', at + 1)
  )
    lines += 1;
  return lines > MAX_LINES;
}

function parseLine(line: Line): { value: unknown } | { problem: RecordProblem } {
  try {
    return { value: JSON.parse(line.text) };
  } catch (error) {
    return {
      problem: {
        reason: 'schema',
        field: 'record',
        text: `is no JSON: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'write one JSON object on each line',
        value: showValue(line.text),
        line: line.number,
      },
    };
  }
}

function parseRecordLine(line: Line): LocatedRecord | { problems: RecordProblem[] } {
  const parsed = parseLine(line);
  if ('problem' in parsed) return { problems: [parsed.problem] };
  const result = recordSchema.safeParse(parsed.value);
  if (result.success) return { record: result.data satisfies WireRecord, line: line.number };
  const problems = problemsOf(result.error, parsed.value);
  return {
    problems: problems.map((each) => ({ ...each, reason: 'schema', line: line.number })),
  };
}
