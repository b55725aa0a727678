import type { ProviderId } from './provider.ts';

/** The coding agents that can work in a sandbox; the first is the default. */
export const AGENT_IDS = ['opencode', 'claude-code', 'codex'] as const;
export type AgentId = (typeof AGENT_IDS)[number];

export const DEFAULT_AGENT: AgentId = AGENT_IDS[0];

/**
 * The label of an image that says which agents it offers: their ids, with commas between. Images made from another one
 * have what that says unless they say otherwise; one that says nothing offers none.
 */
export const AGENTS_LABEL = 'sandboxd.agents';

/** The names in a list with commas between, each once. */
export const agentNames = (list: string): string[] => [
  ...new Set(
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
];

/** The agents that the value of AGENTS_LABEL names, those that this version knows. */
export function offeredAgents(label: string | undefined): ReadonlySet<AgentId> {
  const names = new Set(agentNames(label ?? ''));
  return new Set(AGENT_IDS.filter((id) => names.has(id)));
}

/** What is known of a coding agent outside the sandbox it works in. */
export interface CodingAgent {
  readonly id: AgentId;
  readonly label: string;
  /** Its program, on the PATH of a login shell in an image that carries it. */
  readonly program: string;
  /** Whom it can talk to, the preferred one first. */
  readonly providers: readonly ProviderId[];
}

export const CODING_AGENTS: readonly CodingAgent[] = [
  {
    id: 'opencode',
    label: 'opencode',
    program: 'opencode',
    providers: ['opencode', 'anthropic', 'openai', 'openai-compatible'],
  },
  { id: 'claude-code', label: 'Claude Code', program: 'claude', providers: ['anthropic'] },
  { id: 'codex', label: 'Codex', program: 'codex', providers: ['openai', 'openai-compatible'] },
];

export const findAgent = (id: string): CodingAgent | undefined =>
  CODING_AGENTS.find((agent) => agent.id === id);
