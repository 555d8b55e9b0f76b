/** `hoptrace path` and `hoptrace explain`. */
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import { pathRoutesSchema } from '@hoptrace/domain/rest/routes.ts';
import type { Path } from '../../../grafana-plugin/src/view/model.ts';
import { explainLines } from '../draw/explainText.ts';
import { type Drawing, pathLines } from '../draw/pathText.ts';
import { CliError, EXIT, type ExitCode } from './exitCodes.ts';
import type { Asking } from './output.ts';
import { harmless } from './terminal.ts';

const PATH_ID = /^[0-9a-z]{11}-[0-9a-f]{16}$/;

/** `explain`: the path, and which rules lead to where it went. */
export async function explainPath(ask: Asking, id: string): Promise<ExitCode> {
  const rules = PATH_ID.test(id) && isForPeople(ask) ? await rulesOf(ask, id) : '';
  return showPath(ask, id, (path, drawing) => explainLines(path, drawing, rules));
}

const isForPeople = ({ form }: Asking) => form === 'table' || form === 'wide';

/** An API of before has no such address; then nothing is said of rules. */
async function rulesOf(ask: Asking, id: string): Promise<string> {
  try {
    const { services, text } = await ask.api.get(pathRoutesSchema, `/api/v1/paths/${id}/routes`);
    return services.length === 0 ? '' : harmless(text);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.nothing) return '';
    throw error;
  }
}

/** `lines` draws it for people; json and ndjson are the document itself. */
export async function showPath(
  ask: Asking,
  id: string,
  lines: (path: Path, drawing: Drawing) => string[] = pathLines,
): Promise<ExitCode> {
  if (!PATH_ID.test(id)) {
    throw new CliError(
      EXIT.usage,
      `"${id}" is no id of a path.`,
      'Copy one from the column ID of hoptrace paths.',
    );
  }
  const path = await ask.api.get(pathSchema, `/api/v1/paths/${id}`);
  if (ask.form === 'json') ask.write(`${JSON.stringify(path, null, 2)}\n`);
  else if (ask.form === 'ndjson') ask.write(`${JSON.stringify(path)}\n`);
  else ask.say(lines(harmless(path), ask));
  return EXIT.found;
}
