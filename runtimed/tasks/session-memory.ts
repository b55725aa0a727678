import { join } from 'node:path';
import type { AgentId } from '../../src/domain/coding-agent.ts';
import { RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import { readText } from '../boot/app-package.ts';
import { writeDurably } from '../durable-file.ts';
import { Places } from '../files/place.ts';
import { makeOwnDirectory } from '../own-directory.ts';

const AGENTS = 'agents';
const MAX_SESSION_BYTES = 512;
/** It becomes an argument of the agent's program, and must not pass for an option. */
const SESSION = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$/;

/** What an agent keeps between turns, and which conversation it was in last. */
export class SessionMemory {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** The agent's own directory, made where it is missing. */
  async directory(agent: AgentId): Promise<string> {
    const all = join(this.#home, RESERVED_DIRECTORY, AGENTS);
    await makeOwnDirectory(all);
    await makeOwnDirectory(join(all, agent));
    return join(all, agent);
  }

  /** @returns undefined when there was none, or what is remembered cannot be one */
  async last(agent: AgentId): Promise<string | undefined> {
    const path = join(this.#home, RESERVED_DIRECTORY, AGENTS, fileOf(agent));
    const session = (await readText(path, MAX_SESSION_BYTES))?.trim();
    return session !== undefined && SESSION.test(session) ? session : undefined;
  }

  /** @throws the system's error */
  async remember(agent: AgentId, session: string): Promise<void> {
    const { held: directory } = await new Places(this.#home).holdOrMake([RESERVED_DIRECTORY, AGENTS]);
    await using held = directory;
    await writeDurably(held.path, fileOf(agent), `${session}\n`);
  }
}

const fileOf = (agent: AgentId): string => `${agent}.session`;
