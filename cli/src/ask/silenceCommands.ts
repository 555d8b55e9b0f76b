/** `hoptrace silences`, `silences set` and `silences end`, with their flags and examples. */
import type { Command } from 'commander';
import { asking, examples, type OutputFlags, withOutput } from './output.ts';
import {
  endSilence,
  listSilences,
  type SetFlags,
  type SilenceFlags,
  setSilence,
} from './silences.ts';

export function addSilences(program: Command): void {
  const silences = withOutput(
    program
      .command('silences')
      .description('what keeps receivers of alerts quiet: where, until when, by whom and why')
      .option('--state <state>', 'pending, active or ended (within a week)')
      .option('--cluster <cluster>', 'that hold in this cluster'),
  )
    .addHelpText('after', examples('hoptrace silences', 'hoptrace silences --state ended -o wide'))
    .action((flags: SilenceFlags & OutputFlags) =>
      asking(flags, (ask) => listSilences(ask, flags)),
    );
  // Else the list's flags would swallow those of the other two; it takes both, since either reads what comes after.
  program.enablePositionalOptions();
  silences.enablePositionalOptions();
  addSet(silences);
  addEnd(silences);
}

function addSet(silences: Command): void {
  withOutput(
    silences
      .command('set')
      .description(
        'keep receivers quiet about alerts with all of these labels; for tokens of operators',
      )
      .argument('<label...>', 'name=value, such as rule=refused-connections or node=node3')
      .requiredOption('--for <duration>', '30s, 15m, 2h, 1d; at most 30d')
      .requiredOption('--why <text>', 'for whoever looks at it at night')
      .option(
        '--from <instant>',
        '2026-01-01T14:03:00Z, 14:03 (today) or microseconds (default: now)',
      )
      .option('--by <name>', 'who you are (default: your user name)')
      .option(
        '--in <cluster...>',
        'alerts of these clusters only (default: as far as the token reaches)',
      ),
  )
    .addHelpText(
      'after',
      examples('hoptrace silences set node=node3 --for 2h --why "node3 is being drained"'),
    )
    .action((labels: string[], flags: SetFlags & OutputFlags) =>
      asking(flags, (ask) => setSilence(ask, labels, flags)),
    );
}

function addEnd(silences: Command): void {
  withOutput(
    silences
      .command('end')
      .description('end a silence now; exit code 1 where none of that id is in force')
      .argument('<id>', 'as hoptrace silences -o wide shows it'),
  ).action((silenceId: string, flags: OutputFlags) =>
    asking(flags, (ask) => endSilence(ask, silenceId)),
  );
}
