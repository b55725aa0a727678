import type { AgentPipes } from './driver.ts';

/**
 * Gives a program's lines to `take`, until it answers true, the output ends, or the turn is to end. Never rejects.
 * @param take must not throw
 */
export async function eachLine(
  { lines, signal }: AgentPipes,
  take: (line: string) => boolean,
): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.resolve();
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  // A program that is being killed may leave its output open: that is no reason to wait for it.
  await Promise.race([readAll(lines, (line) => signal.aborted || take(line)), aborted.promise]);
  signal.removeEventListener('abort', abort);
}

async function readAll(lines: AsyncIterable<string>, take: (line: string) => boolean): Promise<void> {
  try {
    for await (const line of lines) if (take(line)) return;
  } catch {
    // An output that breaks is one that ends.
  }
}
