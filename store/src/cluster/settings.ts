/** The settings of a table that have another name where it is replicated. */
import { type ClusterForm, DEDUPLICATION_WINDOW_SECONDS } from './form.ts';
import type { Edit, SqlToken } from './sqlTokens.ts';
import type { StatementCursor } from './statementCursor.ts';

const ALONE = 'NON_REPLICATED_DEDUPLICATION_WINDOW';

/** The window of a replicated table ends after a time as well: that is set with it. */
export function settingEdits(
  cursor: StatementCursor,
  tokens: readonly SqlToken[],
  form: ClusterForm,
): Edit[] {
  if (!form.hasKeeper) return [];
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'word' || token.upper !== ALONE) return [];
    const value = tokens[index + 2];
    if (tokens[index + 1]?.upper !== '=' || value === undefined) {
      throw cursor.error(`${cursor.text(token)} has no value`);
    }
    return [
      { start: token.start, end: token.end, text: 'replicated_deduplication_window' },
      {
        start: value.end,
        end: value.end,
        text: `, replicated_deduplication_window_seconds = ${DEDUPLICATION_WINDOW_SECONDS}`,
      },
    ];
  });
}
