import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { AgentDriver, AgentHappening, AgentTurn, AgentVerdict } from '../agents/driver.ts';
import { parseLine } from '../agents/fields.ts';

export const aTurn = (over: Partial<AgentTurn> = {}): AgentTurn => ({
  prompt: 'Make hello.txt',
  provider: 'anthropic',
  providerUrl: 'http://127.0.0.1:4000',
  directory: '/home/sandbox/workspace/app',
  stateDirectory: '/home/sandbox/.runtimed/agents/one',
  environment: {},
  ...over,
});

/** What an agent printed once; the folder beside the drivers holds it. */
export async function recording(name: string): Promise<string[]> {
  const file = new URL(`../agents/recordings/${name}.jsonl`, import.meta.url);
  return (await readFile(file, 'utf8')).trimEnd().split('\n');
}

export interface Replayed {
  readonly verdict: AgentVerdict;
  readonly happenings: readonly AgentHappening[];
  /** What the driver wrote to the program. */
  readonly written: string;
}

/** Rounds of the event loop in which a driver asks what it has to ask. */
const PATIENCE = 100;

/**
 * Lets a driver follow a program that prints these lines and leaves. An answer is printed once its question has been
 * asked, or after a while when nobody asks it.
 */
export async function replay(
  driver: AgentDriver,
  lines: readonly string[],
  turn = aTurn(),
): Promise<Replayed> {
  const stdin = new PassThrough();
  let written = '';
  stdin.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  const asked = async (id: unknown) => {
    const question = `"id":${JSON.stringify(id)},"method"`;
    for (let left = PATIENCE; left > 0 && !written.includes(question); left -= 1) {
      await new Promise(setImmediate);
    }
  };
  async function* printed() {
    for (const line of lines) {
      const { id, method } = parseLine(line);
      if (id !== undefined && method === undefined) await asked(id);
      yield line;
    }
  }
  const happenings: AgentHappening[] = [];
  const pipes = { lines: printed(), stdin, signal: new AbortController().signal };
  const verdict = await driver.follow(pipes, turn, (happening) => happenings.push(happening));
  return { verdict, happenings, written };
}

/** What is told of one turn, in few words. */
export const inShort = (happenings: readonly AgentHappening[]): string[] =>
  happenings.map(({ type, data }) =>
    type === 'message' ? `${data.id}: ${data.text}` : `${data.kind}, ${data.status}: ${data.title}`,
  );
