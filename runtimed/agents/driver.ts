import type { Writable } from 'node:stream';
import type { AgentId } from '../../src/domain/coding-agent.ts';
import type { ProviderId } from '../../src/domain/provider.ts';
import type { TaskHappening } from '../../src/domain/task.ts';
import type { Environment } from '../processes/environment.ts';

/** One prompt for an agent to work on. */
export interface AgentTurn {
  readonly prompt: string;
  readonly provider: ProviderId;
  /** As the provider calls it; the agent chooses when absent. */
  readonly model?: string;
  /** Of an earlier turn, to go on with; one that is not there any more is no failure: a fresh one is begun. */
  readonly session?: string;
  /** Where the provider answers, without `/v1`: `http://127.0.0.1:<port>`. */
  readonly providerUrl: string;
  /** The app directory. */
  readonly directory: string;
  /** This agent's own, for its settings and sessions; kept between turns. Exists. */
  readonly stateDirectory: string;
  /** What the program starts with, save for what the driver adds. */
  readonly environment: Environment;
}

export interface AgentCommand {
  readonly argv: readonly [string, ...string[]];
  readonly env: Environment;
}

/** A running agent's ends. */
export interface AgentPipes {
  /** Lines of its standard output; ends when it closes it. A line too long to be held is left out. */
  readonly lines: AsyncIterable<string>;
  readonly stdin: Writable;
  /** Aborts when the turn is to end at once: the program is being killed. */
  readonly signal: AbortSignal;
}

/** What an agent lets others see of its work. */
export type AgentHappening = Extract<TaskHappening, { type: 'message' | 'tool' }>;

/** How a turn ended, by the agent's own terminal event. */
export interface AgentVerdict {
  readonly ok: boolean;
  /** Why it is not ok, in the words of the agent or of its provider. */
  readonly error?: string;
  /** To go on with next time. */
  readonly session?: string;
  /** The last message of the turn, whole. */
  readonly finalMessage?: string;
  /** US dollars by the agent's own reckoning, of this turn. */
  readonly reportedCost?: number;
}

/** Knows one agent: how it is started, and what it says. Everything about an agent is in its driver. */
export interface AgentDriver {
  readonly id: AgentId;
  /** Writes what settings the agent needs into its state directory, and says how it is started. */
  prepare(turn: AgentTurn): Promise<AgentCommand>;
  /**
   * Follows the program to the end of the turn, telling what happens, and returns without waiting for it to exit: who
   * started it also ends it. An output that stops without a terminal event is a verdict that is not ok. Never rejects
   * for what an agent writes, whatever that is.
   */
  follow(
    pipes: AgentPipes,
    turn: AgentTurn,
    tell: (happening: AgentHappening) => void,
  ): Promise<AgentVerdict>;
}

/**
 * Has a driver when a task first asks for it: no boot waits for what understands an agent. Repeating it is free. Rejects
 * when its code cannot be loaded.
 */
export type DriverLoader = () => Promise<AgentDriver>;
