import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { SandboxdError } from '../src/domain/errors.ts';
import { buildImage } from './engine-build.ts';
import type { ImageProgress } from './progress.ts';

const build = {
  tag: 'sandboxd/test:1',
  files: [{ name: 'Dockerfile', executable: false, source: new TextEncoder().encode('FROM x') }],
  args: {},
  labels: {},
  describe: (instruction: string) => (instruction.startsWith('RUN') ? 'Installing' : undefined),
};
const never = new AbortController().signal;

/** An engine that reads the context and answers with these messages. */
function engine(...messages: object[]): Docker {
  const buildImage = async (context: Readable) => {
    await context.toArray();
    return Readable.from(messages.map((message) => Buffer.from(`${JSON.stringify(message)}\r\n`)));
  };
  return { buildImage } as unknown as Docker;
}

it('tells which step runs, how far it is, and what it says', async () => {
  const seen: ImageProgress[] = [];
  const docker = engine(
    { stream: 'Step 1/4 : FROM x\n' },
    { stream: 'Step 3/4 : RUN make\n' },
    { stream: '\u001B[91mwarning\u001B[0m\n' },
    { aux: { ID: 'sha256:1' } },
    { stream: '\n' },
  );
  await buildImage(docker, build, (progress) => seen.push(progress), never);
  expect(seen).toEqual([
    { step: 'Preparing', fraction: 0, detail: 'Step 1/4 : FROM x' },
    { step: 'Installing', fraction: 0.5, detail: 'Step 3/4 : RUN make' },
    { step: 'Installing', fraction: 0.5, detail: 'warning' },
  ]);
});

it('fails with the end of the output of the step that failed', async () => {
  const docker = engine(
    { stream: 'Step 1/1 : RUN false\n' },
    { stream: 'no space left\n' },
    { error: 'returned 1' },
  );
  const failure = buildImage(docker, build, () => {}, never);
  await expect(failure).rejects.toThrow(SandboxdError);
  await expect(failure).rejects.toThrow(/returned 1\n {2}Step 1\/1 : RUN false\n {2}no space left\n/);
});
