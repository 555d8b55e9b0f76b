import { expect, test } from '@jest/globals';
import { judgeRow, readTable } from './table.ts';

const rows = await readTable();

test('every section of the decision table is here', () => {
  expect(rows.length).toBeGreaterThanOrEqual(58);
});

test.each(rows.map((row) => [row.id, row.scenario.title, row] as const))(
  '%s: %s',
  (_id, _title, row) => {
    expect(judgeRow(row).reasons).toEqual([]);
    expect(row.drawing.trim()).not.toBe('');
  },
);

test('a wrong expectation is noticed', () => {
  const [row] = rows;
  if (row === undefined) throw new Error('the table is empty');
  const wrong = { ...row, expected: { ...row.expected, crossings: 9 } };
  expect(judgeRow(wrong)).toMatchObject({ right: false });
});
