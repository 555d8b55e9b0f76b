/** ALTER TABLE: everything for the local table; what concerns columns for the Distributed one as well. */
import { localName, placed, type Target } from './form.ts';
import { settingEdits } from './settings.ts';
import { type SqlToken, withEdits } from './sqlTokens.ts';
import type { StatementCursor } from './statementCursor.ts';

const OF_COLUMNS = [
  'ADD COLUMN',
  'DROP COLUMN',
  'MODIFY COLUMN',
  'RENAME COLUMN',
  'COMMENT COLUMN',
];
const OF_STORAGE = [
  'MODIFY SETTING',
  'RESET SETTING',
  'MODIFY TTL',
  'REMOVE TTL',
  'ADD INDEX',
  'DROP INDEX',
  'MATERIALIZE INDEX',
  'ADD PROJECTION',
  'DROP PROJECTION',
  'MATERIALIZE PROJECTION',
];

export function translateAlter(cursor: StatementCursor, target: Target): string[] {
  const name = cursor.name();
  const table = cursor.text(name);
  const commands = commandsOf(cursor, cursor.rest());
  const local = withEdits(cursor.sql, [
    { start: name.start, end: name.end, text: placed(localName(table), target) },
    ...settingEdits(cursor, cursor.tokens, target.form),
  ]);
  const ofColumns = commands.filter(({ isOfColumns }) => isOfColumns).map(({ text }) => text);
  if (ofColumns.length === 0) return [local];
  const distributed = `ALTER TABLE ${placed(table, target)}\n    ${ofColumns.join(',\n    ')}`;
  return [local, distributed];
}

interface Command {
  readonly text: string;
  readonly isOfColumns: boolean;
}

function commandsOf(cursor: StatementCursor, tokens: readonly SqlToken[]): Command[] {
  return splitCommands(cursor, tokens).map((command) => {
    const [first, second] = command;
    const last = command.at(-1);
    if (first === undefined || last === undefined) throw cursor.error('a command is empty');
    const verb = `${first.upper} ${second?.upper ?? ''}`;
    const isOfColumns = OF_COLUMNS.includes(verb);
    if (!isOfColumns && !OF_STORAGE.includes(verb)) throw cursor.error(`"${verb}" is not known`);
    return { text: cursor.sql.slice(first.start, last.end), isOfColumns };
  });
}

/** Cut at commas, but not at those between settings; the settings of the statement itself are no command. */
function splitCommands(cursor: StatementCursor, tokens: readonly SqlToken[]): SqlToken[][] {
  const commands: SqlToken[][] = [[]];
  for (const [index, token] of tokens.entries()) {
    const isOutside = token.depth === 0;
    if (isOutside && token.upper === 'SETTINGS') break;
    const isBetweenSettings =
      commands.at(-1)?.[1]?.upper === 'SETTING' && tokens[index + 2]?.upper === '=';
    if (isOutside && token.upper === ',' && !isBetweenSettings) commands.push([]);
    else commands.at(-1)?.push(token);
  }
  if (commands.some((command) => command.length === 0)) throw cursor.error('a command is empty');
  return commands;
}
