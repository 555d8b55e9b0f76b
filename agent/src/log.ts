/** One event a line, lower case, fields not prose; no record data, no secrets. */
export type LogLevel = 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

/** JSON lines to `write`, stamped by `now` (milliseconds). */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, fields = {}) => {
    const time = new Date(now()).toISOString();
    write(`${JSON.stringify({ time, level, room: 'agent', event, ...fields })}\n`);
  };
}
