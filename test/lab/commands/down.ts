/** `lab down`: removes labs. Never one whose owner lives, unless it is named. */
import type { LabArguments } from '../arguments.ts';
import { LabError } from '../errors.ts';
import { listLabs, type RegisteredLab, removeAll } from '../registry.ts';
import type { CommandResult } from './output.ts';

/**
 * Without options: the one lab that `up` left, and every lab whose owner is dead. `--id`: that one.
 * `--all`: all that `up` left, and every lab whose owner is dead. Throws LabError where the choice is not clear.
 */
export async function down(args: LabArguments): Promise<CommandResult> {
  const removed = removeAll(chosen(args, listLabs()));
  return {
    command: 'lab down',
    rows: [{ name: 'removed', value: removed.length, goal: null, unit: 'labs', met: true }],
    details: { removed },
    text: removed.length === 0 ? 'no lab to remove' : `removed ${removed.join(', ')}`,
  };
}

function chosen(args: LabArguments, labs: readonly RegisteredLab[]): readonly RegisteredLab[] {
  if (args.id !== undefined) {
    const named = labs.filter((lab) => lab.state.id === args.id);
    if (named.length > 0) return named;
    throw new LabError(`there is no lab "${args.id}"`, `Labs: ${describe(labs)}`);
  }
  const kept = labs.filter((lab) => lab.status === 'kept');
  if (kept.length > 1 && !args.all) {
    throw new LabError(
      `there are ${kept.length} labs: ${describe(kept)}`,
      'Name one with --id, or remove all with --all.',
    );
  }
  return labs.filter((lab) => lab.status !== 'owned');
}

function describe(labs: readonly RegisteredLab[]): string {
  const all = labs.map((lab) => `${lab.state.id} (${lab.state.backend}, ${lab.status})`);
  return all.length === 0 ? 'none' : all.join(', ');
}
