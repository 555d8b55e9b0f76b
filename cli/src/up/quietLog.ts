/** The agent's log while `up` owns the terminal: what needs a person, and nothing else. */
import { jsonLog, type Log } from '@hoptrace/agent/log.ts';

export function quietLog(): Log {
  const log = jsonLog((line) => process.stderr.write(line), Date.now);
  return (level, event, fields) => {
    if (level !== 'info') log(level, event, fields);
  };
}
