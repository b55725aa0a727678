import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { SandboxdError } from '../src/domain/errors.ts';
import { readLines } from '../src/domain/lines.ts';
import { type ContextFile, packContext } from './context.ts';
import type { OnImageProgress } from './progress.ts';

export interface EngineBuild {
  readonly tag: string;
  readonly files: readonly ContextFile[];
  /** Values of the Dockerfile's ARGs; proxy variables among them are known to the engine and never kept in the image. */
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Names the instruction that runs, so that people know what takes the time. */
  readonly describe: (instruction: string) => string | undefined;
}

interface BuildMessage {
  readonly stream?: string;
  readonly error?: string;
}

const INSTRUCTION = /^Step (\d+)\/(\d+) : (.*)/;
const KEPT_LINES = 20;
const MAX_LINE = 2 ** 20;

/**
 * Builds an image with the engine's classic builder.
 * @throws unavailable when a step of it fails, with the end of its output in the message
 */
export async function buildImage(
  docker: Docker,
  build: EngineBuild,
  onProgress: OnImageProgress,
  signal: AbortSignal,
): Promise<void> {
  const broken = new AbortController();
  const context = packContext(build.files);
  context.once('error', (error) => broken.abort(error));
  const messages = (await docker.buildImage(context, {
    t: build.tag,
    buildargs: { ...build.args },
    labels: { ...build.labels },
    rm: true,
    forcerm: true,
    // The build's own scripts run there, and reach a proxy on this machine as this machine does.
    networkmode: 'host',
    abortSignal: AbortSignal.any([signal, broken.signal]),
  })) as Readable;
  await follow(messages, build, onProgress);
}

async function follow(messages: Readable, build: EngineBuild, onProgress: OnImageProgress): Promise<void> {
  const tail: string[] = [];
  let step = 'Preparing';
  let fraction = 0;
  for await (const message of readMessages(messages)) {
    if (message.error !== undefined) throw failure(build.tag, message.error, tail);
    const detail = plainText(message.stream ?? '');
    if (detail === '') continue;
    const instruction = INSTRUCTION.exec(detail);
    if (instruction) {
      fraction = (Number(instruction[1]) - 1) / Number(instruction[2]);
      step = build.describe(instruction[3] ?? '') ?? step;
    }
    tail.push(detail);
    if (tail.length > KEPT_LINES) tail.shift();
    onProgress({ step, fraction, detail });
  }
}

/** The engine answers with one JSON object a line. */
export async function* readMessages(stream: Readable): AsyncGenerator<BuildMessage> {
  try {
    for await (const line of readLines(stream, MAX_LINE)) {
      if (line !== '') yield JSON.parse(line) as BuildMessage;
    }
  } finally {
    stream.destroy();
  }
}

/** Without colours and line ends: shown in a progress line and in error messages. */
// oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
const plainText = (text: string): string => text.replaceAll(/\u001B\[[0-9;]*m/g, '').trim();

function failure(tag: string, error: string, tail: readonly string[]): SandboxdError {
  const output = tail.map((line) => `  ${line}`).join('\n');
  return new SandboxdError(
    'unavailable',
    `The image ${tag} could not be built: ${plainText(error)}\n${output}\nMend what the last lines name and try again; finished steps are kept.`,
  );
}
