/** What the agent cannot go on with. Everything else is counted and shown in its metrics. */

export const AGENT_ERRORS = {
  HOP_AGENT_CONFIG: 'a setting of the agent is missing or invalid',
  HOP_AGENT_NO_LOADER: 'the eBPF loader is not built or not executable',
  HOP_AGENT_RECORDING: 'a recording cannot be read',
} as const;
export type AgentErrorCode = keyof typeof AGENT_ERRORS;

/** `message` names what failed with which value, `remedy` what to do about it. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;
  readonly remedy: string;

  constructor(code: AgentErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AgentError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** sysexits.h: the operator has to change something. */
const EXIT_CONFIG = 78;

/** What to print of an error that ends the process, and with which code. */
export function toldError(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (!(error instanceof AgentError)) return { text: `${error}\n`, exitCode: 1 };
  const { code, message, remedy } = error;
  return { text: `${code}: ${message}\n→ ${remedy}\n`, exitCode: EXIT_CONFIG };
}
