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
/** The probe's own exit codes, and that for a program that is not there. */
const PROBE_EXITS: Readonly<Record<number, 'answer' | 'nothing' | 'no Node'>> = {
  0: 'answer',
  1: 'nothing',
  127: 'no Node',
};
const ENVIRONMENT: RuntimeEnvironment = {
  SANDBOXD_SANDBOX_ID: '00000000000000000000000000',
  SANDBOXD_TEMPLATE: 'blank',
  SANDBOXD_PRESET: 'worker',
  SANDBOXD_CONFIG: '',
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
  const heard = await ask(it.container, abortSignal);
  if (heard === 'no probe') await ended(it.container, abortSignal);
  const { Running, ExitCode } = (await it.container.inspect({ abortSignal })).State;
  if (!Running) return fault(`it ended by itself with code ${ExitCode}: ${lastWords(await it.output())}`);
  if (heard === 'no probe') {
    return fault(`whether it answers could not be asked: the image's node cannot be run in the container`);
  }
  if (heard === 'nothing') {
    return fault(
      `nothing answers on ${CONTROL_DIRECTORY}/${CONTROL_SOCKET} within ${ANSWER_SECONDS} seconds`,
    );
  }
  const code = await stop(it, abortSignal);
  if (code === 0) return [];
  const how = code === 137 ? `did not end within ${STOP_SECONDS} seconds` : `ended with code ${code}, not 0`;
  return fault(`on SIGTERM it ${how}. Start it without a shell before it, and leave STOPSIGNAL alone`);
}

/**
 * What is heard on the socket. `no probe`: it could not be run to its end, most likely since the container ends.
 * `no Node`: there is nothing in the image to ask with, and so whatever else it is, it breaks clause 7.
 */
async function ask(
  container: Docker.Container,
  abortSignal: AbortSignal,
): Promise<'answer' | 'nothing' | 'no probe' | 'no Node'> {
  const probe = await readFile(PROBE, 'utf8');
  try {
    const exec = await container.exec({
      Cmd: ['node', '-e', probe, `${CONTROL_DIRECTORY}/${CONTROL_SOCKET}`, String(ANSWER_SECONDS)],
      AttachStdout: true,
      Tty: true,
      abortSignal,
    });
    await text(await exec.start({ Tty: true, abortSignal }));
    return PROBE_EXITS[(await exec.inspect({ abortSignal })).ExitCode ?? 137] ?? 'no probe';
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === undefined) throw error;
    return 'no probe';
  }
}

/** The engine may show a container that has ended as running for a while. Returns as well when this one goes on. */
async function ended(container: Docker.Container, abortSignal: AbortSignal): Promise<void> {
  const patience = AbortSignal.timeout(ANSWER_SECONDS * 1000);
  try {
    await container.wait({ abortSignal: AbortSignal.any([abortSignal, patience]) });
  } catch (error) {
    if (!patience.aborted) throw error;
  }
}

/** @returns its exit code */
async function stop({ container }: ConfinedContainer, abortSignal: AbortSignal): Promise<number> {
  await container.stop({ t: STOP_SECONDS, abortSignal });
  return (await container.inspect({ abortSignal })).State.ExitCode;
}
