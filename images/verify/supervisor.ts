import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { CONTROL_DIRECTORY, CONTROL_SOCKET, type RuntimeEnvironment } from '../../src/domain/runtimed.ts';
import { type ConfinedContainer, createConfined } from './confined.ts';
import { type ImageFault, lastWords } from './fault.ts';

const PROBE = new URL('probe.cjs', import.meta.url);
/** From its start to its first answer; a tenth of a second where nothing else runs. */
const ANSWER_SECONDS = 15;
/** As a server gives its sandboxes. */
const STOP_SECONDS = 8;
/** Of a shell for a program that it does not find, or cannot run. */
const NO_PROGRAM = new Set([126, 127]);
const ENVIRONMENT: RuntimeEnvironment = {
  SANDBOXD_SANDBOX_ID: '00000000000000000000000000',
  SANDBOXD_TEMPLATE: 'blank',
  SANDBOXD_PRESET: 'worker',
};

/** Clause 1: the image's own main process is runtimed, answers on its socket, and ends in order when it is told to. */
export async function checkSupervisor(
  docker: Docker,
  image: Docker.ImageInspectInfo,
  abortSignal: AbortSignal,
): Promise<readonly ImageFault[]> {
  const command = [image.Config.Entrypoint ?? [], image.Config.Cmd ?? []].flat().join(' ');
  const fault = (what: string): ImageFault[] => [
    { clause: 1, message: `the main process (${lastWords(command)}) must be runtimed: ${what}` },
  ];
  await using it = await createConfined(docker, image.Id, { env: { ...ENVIRONMENT } }, abortSignal);
  await it.container.start({ abortSignal });
  const answered = await isAnswered(it.container, abortSignal);
  const { Running, ExitCode } = (await it.container.inspect({ abortSignal })).State;
  if (!Running) return fault(`it ended by itself with code ${ExitCode}: ${lastWords(await it.output())}`);
  if (answered === false) {
    return fault(
      `nothing answers on ${CONTROL_DIRECTORY}/${CONTROL_SOCKET} within ${ANSWER_SECONDS} seconds`,
    );
  }
  const code = await stop(it, abortSignal);
  if (code === 0) return [];
  const how = code === 137 ? `did not end within ${STOP_SECONDS} seconds` : `ended with code ${code}, not 0`;
  return fault(`on SIGTERM it ${how}. Start it without a shell before it, and leave STOPSIGNAL alone`);
}

/** Undefined where the image has no Node to ask with: whatever else it is, it breaks clause 7. */
async function isAnswered(
  container: Docker.Container,
  abortSignal: AbortSignal,
): Promise<boolean | undefined> {
  const probe = await readFile(PROBE, 'utf8');
  try {
    const exec = await container.exec({
      Cmd: ['node', '-e', probe, `${CONTROL_DIRECTORY}/${CONTROL_SOCKET}`, String(ANSWER_SECONDS)],
      AttachStdout: true,
      Tty: true,
      abortSignal,
    });
    await text(await exec.start({ Tty: true, abortSignal }));
    const { ExitCode } = await exec.inspect({ abortSignal });
    return NO_PROGRAM.has(ExitCode ?? 0) ? undefined : ExitCode === 0;
  } catch (error) {
    // It has ended already, which its state tells better; or the engine refuses to start a program that is not there.
    if ((error as { statusCode?: number }).statusCode === undefined) throw error;
    return undefined;
  }
}

/** @returns its exit code */
async function stop({ container }: ConfinedContainer, abortSignal: AbortSignal): Promise<number> {
  await container.stop({ t: STOP_SECONDS, abortSignal });
  return (await container.inspect({ abortSignal })).State.ExitCode;
}
