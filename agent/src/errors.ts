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
