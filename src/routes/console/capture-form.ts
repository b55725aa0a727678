import * as v from 'valibot';
import type { App } from '../../domain/app.ts';
import { invalid, SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import { beginCapture } from '../../domain/snapshot-commands.ts';
import { NewSnapshot } from '../../domain/snapshot.ts';
import type { CaptureForm } from '../../views/snapshot-models.ts';
import type { LiveState } from './live-state.ts';

const DEFAULT_NAME = 'Before my next change';

/** What was sent and could not be done, to be sent again. */
export interface RefusedCapture {
  readonly name: string;
  readonly problem: string;
}

/** Why no snapshot can be taken, in the states in which there is nothing to take one of. */
const HINDRANCES: Partial<Record<LiveState, string>> = {
  none: 'The app has no sandbox now, and so no files to keep a copy of.',
  starting: 'Once the app has started, a copy of its files can be kept here, to go back to.',
  restoring: 'Once the restore has ended, another snapshot can be taken.',
};

const STANDS_STILL = 'The app stands still for less than a second meanwhile.';

const HINTS: Partial<Record<LiveState, string>> = {
  serving: STANDS_STILL,
  working: STANDS_STILL,
  failing: STANDS_STILL,
  unbuilt: STANDS_STILL,
  restarting: STANDS_STILL,
  crashed: STANDS_STILL,
  stopped: 'The app sleeps on.',
  paused: 'The app sleeps on.',
  unknown: 'Its node is out of reach: it begins when the node is back.',
};

export function captureForm(
  from: CaptureForm['from'],
  state: LiveState,
  refused: RefusedCapture | undefined,
): CaptureForm {
  const hindrance = HINDRANCES[state];
  return {
    from,
    name: refused?.name ?? DEFAULT_NAME,
    problem: refused?.problem,
    isOpen: hindrance === undefined,
    hint: hindrance ?? HINTS[state],
  };
}

/** Takes a snapshot of an app as it is, whether it runs or not. @throws invalid_request, in the words of the form */
export async function capture(ports: Ports, { owner, currentSandboxId }: App, name: string): Promise<void> {
  if (currentSandboxId === undefined) {
    throw new SandboxdError('conflict', 'The app has no sandbox, and so no files to keep a copy of.');
  }
  // A visitor may wake it at any moment.
  const input = v.safeParse(NewSnapshot, { source_sandbox_id: currentSandboxId, name, live: true });
  if (!input.success) throw invalid(`The name ${input.issues[0].message}.`);
  await beginCapture(ports, owner, input.output);
}
