import type { AgentId } from '../../src/domain/coding-agent.ts';
import type { AgentDriver, AgentHappening, AgentVerdict, DriverLoader } from '../agents/driver.ts';

/** What a scripted agent may write, one to a line: something that happens, or how it ends. */
type ScriptedLine = AgentHappening | { readonly verdict: AgentVerdict };

/**
 * An agent whose prompt is a script for bash. Its environment has the driver's own `PROVIDER_URL`, `SESSION` and
 * `STATE_DIRECTORY`; what it writes that is no JSON is a message.
 */
export const scriptedAgent = (id: AgentId): AgentDriver => ({
  id,
  prepare: ({ prompt, providerUrl, session = '', stateDirectory }) =>
    Promise.resolve({
      argv: ['bash', '-c', prompt],
      env: { PROVIDER_URL: providerUrl, SESSION: session, STATE_DIRECTORY: stateDirectory },
    }),
  async follow({ lines }, _turn, tell) {
    for await (const line of lines) {
      const said = parse(line);
      if ('verdict' in said) return said.verdict;
      tell(said);
    }
    return { ok: false };
  },
});

function parse(line: string): ScriptedLine {
  const words: ScriptedLine = { type: 'message', data: { id: 'said', text: line } };
  // To find out by an error costs ten times as much: an agent may say a million things.
  if (!line.startsWith('{')) return words;
  try {
    return JSON.parse(line) as ScriptedLine;
  } catch {
    return words;
  }
}

export const scriptedAgents: ReadonlyMap<AgentId, DriverLoader> = new Map(
  (['opencode', 'claude-code'] as const).map((id) => [id, () => Promise.resolve(scriptedAgent(id))]),
);

/** A line of a script that ends the work. */
export const saying = (value: ScriptedLine): string => `echo '${JSON.stringify(value)}'`;
export const DONE = saying({ verdict: { ok: true, finalMessage: 'It is done.' } });
