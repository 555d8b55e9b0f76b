/** `hoptrace completion SHELL`: a script for the shell, made from the commands as they are. */
import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Entry {
  /** Words after `hoptrace`: `agent check`. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly string[];
  readonly options: readonly Option[];
}

/** The program and every command below it. */
function entriesOf(command: Command, path = ''): Entry[] {
  const children = command.commands;
  const own: Entry = {
    path,
    description: command.description(),
    commands: children.map((child) => child.name()),
    options: command.options.filter(({ long }) => long !== undefined && long !== null),
  };
  const below = (name: string) => (path === '' ? name : `${path} ${name}`);
  return [own, ...children.flatMap((child) => entriesOf(child, below(child.name())))];
}

export function completionScript(shell: Shell, program: Command): string {
  const entries = entriesOf(program);
  if (shell === 'fish') return fishScript(entries);
  // zsh reads bash's with its own emulation, which keeps the two from drifting apart.
  const head = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${head}${bashScript(entries)}`;
}

function bashScript(entries: readonly Entry[]): string {
  const words = ({ commands, options }: Entry) =>
    [...commands, ...options.map(({ long }) => long), '--help'].join(' ');
  const cases = entries.map((entry) => `    '${entry.path}') words='${words(entry)}' ;;`);
  const known = entries.map(({ path }) => `'${path}'`).filter((path) => path !== "''");
  const values = valuesOf(entries).map(
    ([names, choices]) => `    ${names.join('|')}) words='${choices.join(' ')}' ;;`,
  );
  return `# eval "$(hoptrace completion bash)", or into a file of /etc/bash_completion.d
_hoptrace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
${known.length === 0 ? '' : `    ${known.join('|')}) path="\${path:+$path }$word" ;;`}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$before" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _hoptrace hoptrace
`;
}

/** Options with a fixed list of values, each once. */
function valuesOf(entries: readonly Entry[]): [string[], readonly string[]][] {
  const found = new Map<string, readonly string[]>();
  for (const { options } of entries) {
    for (const { long, short, argChoices } of options) {
      if (argChoices === undefined) continue;
      found.set([short, long].filter((name) => name != null).join(' '), argChoices);
    }
  }
  return [...found].map(([names, choices]) => [names.split(' '), choices]);
}

function fishScript(entries: readonly Entry[]): string {
  const lines = entries.flatMap((entry) => fishLines(entry, entries));
  return `# hoptrace completion fish > ~/.config/fish/completions/hoptrace.fish
complete -c hoptrace -f
${lines.join('\n')}
`;
}

function fishLines(entry: Entry, all: readonly Entry[]): string[] {
  const words = entry.path === '' ? [] : entry.path.split(' ');
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const none = `not __fish_seen_subcommand_from ${entry.commands.join(' ')}`;
  const commands = entry.commands.map((name) => {
    const path = [...words, name].join(' ');
    const text = all.find((each) => each.path === path)?.description ?? '';
    return `complete -c hoptrace -n '${[...seen, none].join('; and ')}' -a ${name} -d ${quoted(text)}`;
  });
  const options = entry.options.map(({ long, short, description, argChoices, required }) =>
    [
      `complete -c hoptrace -n '${seen.length === 0 ? '__fish_use_subcommand' : seen.join('; and ')}'`,
      `-l ${(long ?? '').slice(2)}`,
      short == null ? '' : `-s ${short.slice(1)}`,
      argChoices === undefined ? (required ? '-x' : '') : `-xa ${quoted(argChoices.join(' '))}`,
      `-d ${quoted(description)}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  );
  return [...commands, ...options];
}

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
