import { constants } from 'node:os';
import type { Logger } from '../../src/domain/log.ts';
import type { TaskAssignment } from '../../src/domain/task.ts';
import type { AgentDriver, AgentHappening, AgentTurn, AgentVerdict, DriverLoader } from '../agents/driver.ts';
import type { MaskSource } from '../config/masked-output.ts';
import { MaskedWork } from '../config/masked-work.ts';
import type { Timings } from '../options.ts';
import { pause } from '../pause.ts';
import type { Environment } from '../processes/environment.ts';
import { Program } from '../processes/program.ts';
import { errnoOf } from '../regular-file.ts';
import { agentArguments, agentEnvironment } from './agent-environment.ts';
import { blankSecrets } from './blanking.ts';
import { LineFeed } from './line-feed.ts';
import { MessagePacer } from './message-pacer.ts';
import type { AgentResult, TaskFailure } from './outcome.ts';
import { OutputTail } from './output-tail.ts';
import { ProviderBridge } from './provider-bridge.ts';
import type { SessionMemory } from './session-memory.ts';
import type { Transcript } from './transcript.ts';

/** Characters of what an agent said last on its way out. */
const LAST_WORDS = 1500;
/** Exit codes beyond this tell of a signal. */
const SIGNALLED = 128;

export interface AgentContext {
  readonly environment: Environment;
  readonly timings: Timings;
  readonly logger: Logger;
  readonly newMark: () => string;
  readonly providerSocket: string;
  readonly sessions: SessionMemory;
  readonly masks: MaskSource;
}

/** One turn of an agent. */
export interface AgentWork {
  readonly loadDriver: DriverLoader;
  readonly assignment: TaskAssignment;
  /** What the agent is given besides what every program has. */
  readonly env: Environment;
  /** The app directory. */
  readonly directory: string;
  readonly transcript: Transcript;
  readonly tell: (happening: AgentHappening) => void;
  /** Ends the work at once. */
  readonly signal: AbortSignal;
}

/** Lets an agent work, until it says that it is done, its time is up, or the signal aborts. Nothing of it lives then. */
export async function workAsAgent(work: AgentWork, context: AgentContext): Promise<AgentResult> {
  const { assignment, loadDriver, signal } = work;
  const { sessions, logger, providerSocket } = context;
  try {
    const driver = await loadDriver();
    await using bridge = await ProviderBridge.open(providerSocket);
    const turn = await turnOf(work, bridge.url, context);
    const command = await driver.prepare(turn);
    if (signal.aborted) return {};
    const program = await Program.start({
      argv: agentArguments(command),
      cwd: work.directory,
      env: { ...turn.environment, ...command.env },
      mark: context.newMark(),
      stdin: true,
      isBound: true,
    });
    const { verdict, failure } = await new Attendance(program, driver, work, context).attend(turn);
    await blankSecrets(turn.stateDirectory, context.masks.mask).catch((error: unknown) =>
      logger.error('what an agent keeps could not be rid of secrets', error, { agent: assignment.agent }),
    );
    const { session, finalMessage, reportedCost } = verdict;
    if (session !== undefined) {
      await sessions
        .remember(assignment.agent, session)
        .catch((error: unknown) => logger.error('the session of an agent could not be remembered', error));
    }
    return {
      ...(failure !== undefined && { failure }),
      ...(finalMessage !== undefined && { finalMessage }),
      ...(reportedCost !== undefined && { reportedCost }),
    };
  } catch (error) {
    logger.error('an agent could not work', error, { agent: assignment.agent });
    const why = errnoOf(error) ?? (error instanceof Error ? error.message : 'unknown reason');
    return {
      failure: { reason: 'internal', message: `The agent could not be run in the sandbox (${why}).` },
    };
  }
}

async function turnOf(work: AgentWork, providerUrl: string, context: AgentContext): Promise<AgentTurn> {
  const { assignment, directory, env } = work;
  const { sessions, environment } = context;
  const { prompt, agent, provider, model } = assignment;
  const session = assignment.continue ? await sessions.last(agent) : undefined;
  return {
    prompt,
    provider,
    ...(model !== undefined && { model }),
    ...(session !== undefined && { session }),
    providerUrl,
    directory,
    stateDirectory: await sessions.directory(agent),
    environment: agentEnvironment(environment, env),
  };
}

/** A running agent, from its first line until nothing of it lives. */
class Attendance {
  readonly #program: Program;
  readonly #driver: AgentDriver;
  readonly #work: AgentWork;
  readonly #context: AgentContext;
  readonly #stderr: OutputTail;
  readonly #deadline: AbortSignal;
  readonly #halted: AbortSignal;
  #code: number | undefined;

  constructor(program: Program, driver: AgentDriver, work: AgentWork, context: AgentContext) {
    this.#program = program;
    this.#driver = driver;
    this.#work = work;
    this.#context = context;
    this.#stderr = new OutputTail(context.masks);
    this.#deadline = AbortSignal.timeout(work.assignment.timeout_s * 1000);
    this.#halted = AbortSignal.any([work.signal, this.#deadline]);
    void this.#noteExit();
  }

  async #noteExit(): Promise<void> {
    this.#code = await this.#program.exited;
  }

  async attend(turn: AgentTurn): Promise<{ verdict: AgentVerdict; failure?: TaskFailure }> {
    const { timings } = this.#context;
    const over = new AbortController();
    const knowing = this.#program.watchFamily(timings.familyPoll, over.signal);
    const feed = new LineFeed(over.signal);
    this.#listen(feed, over.signal);
    const following = this.#follow(turn, feed);
    await Promise.race([following, aborted(this.#halted)]);
    const isHalted = this.#halted.aborted;
    this.#program.stdin?.end();
    if (!isHalted) await this.#program.exitedOr(AbortSignal.timeout(timings.agentExit));
    const ownCode = this.#code;
    feed.hurry();
    await this.#program.end(timings.agentGrace);
    // Whatever is left to be read is: the session is often told last.
    feed.close();
    const verdict = await Promise.race([following, pause(timings.agentExit, over.signal)]);
    over.abort();
    await knowing;
    const told = verdict ?? { ok: false };
    const failure = this.#failure(told, ownCode, isHalted);
    return { verdict: told, ...(failure !== undefined && { failure }) };
  }

  #listen(feed: LineFeed, over: AbortSignal): void {
    const { transcript } = this.#work;
    this.#program.record(async (bytes, name) => {
      await transcript.write(bytes);
      if (name === 'stdout') await feed.push(bytes);
      else this.#stderr.push(bytes);
    });
    // A child that holds its output open says nothing more that matters once the agent itself has left.
    const left = this.#program.exited.then(() => pause(this.#context.timings.agentExit, over));
    void Promise.race([this.#program.said, left]).finally(() => feed.close());
  }

  async #follow(turn: AgentTurn, feed: LineFeed): Promise<AgentVerdict> {
    const driver = this.#driver;
    const { timings, logger, masks } = this.#context;
    const work = new MaskedWork(masks, this.#work.tell);
    // Written by `start` with a pipe.
    const stdin = this.#program.stdin as NonNullable<Program['stdin']>;
    const pipes = { lines: feed.lines(), stdin, signal: this.#halted };
    try {
      // Paced first: a model speaks in syllables, and each would be looked through by itself.
      using pacer = new MessagePacer((happening) => work.take(happening), timings.messageInterval);
      return await driver.follow(pipes, turn, (happening) => pacer.take(happening));
    } catch (error) {
      logger.error('a driver lost its agent', error, { agent: driver.id });
      return { ok: false, error: 'What the agent said could not be followed.' };
    } finally {
      work.end();
    }
  }

  #failure(verdict: AgentVerdict, code: number | undefined, isHalted: boolean): TaskFailure | undefined {
    const { signal, assignment } = this.#work;
    // Whoever ended it says why.
    if (signal.aborted) return undefined;
    // One that has said its last word in time may take longer to leave.
    if (isHalted && this.#deadline.aborted) {
      const message = `The agent was ended after ${assignment.timeout_s} s without having finished.`;
      return { reason: 'agent_timeout', message };
    }
    if (verdict.ok) return undefined;
    const isCrash = code !== undefined && code >= SIGNALLED;
    const said = verdict.error ?? 'The agent stopped before it had finished.';
    const exit = code === undefined || code === 0 ? '' : ` It exited with ${describeExit(code)}.`;
    const words = verdict.error === undefined || isCrash ? this.#stderr.text(LAST_WORDS) : '';
    return { reason: 'agent_error', message: `${said}${exit}${words === '' ? '' : ` It said:\n${words}`}` };
  }
}

function describeExit(code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => SIGNALLED + number === code);
  return signal === undefined ? `code ${code}` : `code ${code} (${signal[0]})`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
