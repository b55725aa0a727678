import { BOOT_PHASES, type BootPhase } from '../../domain/runtimed.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { Stage, StageMessage, Step } from '../../views/models.ts';
import type { LiveState } from './live-state.ts';

const STEP_LABELS: Readonly<Record<BootPhase, string>> = {
  seeding: 'Laying out the files',
  installing: 'Installing dependencies',
  starting: 'Starting the app',
  ready: 'Ready',
};

/** What the preview pane shows in each state. A sleeping sandbox is never framed: the frame would wake it. */
export function stageOf(
  state: LiveState,
  view: SandboxView | undefined,
  previewHref: string | undefined,
): Stage {
  if (state === 'starting') return { kind: 'steps', title: 'Starting', steps: stepsOf(view) };
  if (view !== undefined && previewHref !== undefined && (state === 'serving' || state === 'paused')) {
    const { id, generation } = view.sandbox;
    return { kind: 'frame', id: `preview-${id}-${generation}`, url: previewHref };
  }
  return { kind: 'message', message: messageOf(state, view, previewHref !== undefined) };
}

function stepsOf(view: SandboxView | undefined): Step[] {
  const current = BOOT_PHASES.indexOf(phaseOf(view));
  return BOOT_PHASES.map((phase, index) => ({
    label: STEP_LABELS[phase],
    state: index < current ? 'done' : index === current ? 'active' : 'todo',
  }));
}

/** A node that tells no phase is at the beginning until something runs. */
function phaseOf(view: SandboxView | undefined): BootPhase {
  const phase = view?.seen?.phase ?? (view?.seen?.state === 'running' ? 'starting' : 'seeding');
  return phase === 'ready' ? 'starting' : phase;
}

function messageOf(state: LiveState, view: SandboxView | undefined, hasPage: boolean): StageMessage {
  switch (state) {
    case 'stopped':
      return {
        icon: 'moon',
        title: 'Asleep',
        text: `Its files are safe. ${hasPage ? 'It wakes when somebody opens its address, or now:' : 'It does nothing until you wake it:'}`,
        start: 'Wake it',
      };
    case 'error':
      return {
        icon: 'alert',
        title: 'It could not be started',
        text: view?.sandbox.errorMessage ?? 'Its node gave no reason.',
        start: 'Try again',
      };
    case 'none':
      return {
        icon: 'box',
        title: 'No sandbox yet',
        text: 'The app has nowhere to run. Make a sandbox for it:',
        start: 'Create sandbox',
      };
    case 'failing':
      return {
        icon: 'unplugged',
        title: 'The app is not answering',
        text: failure(view),
        output: view?.seen?.preview.build_error_message,
      };
    case 'stopping':
      return {
        icon: 'moon',
        title: 'Going to sleep',
        text: 'Its processes are being ended. Its files stay.',
      };
    case 'unknown':
      return {
        icon: 'unplugged',
        title: 'Its node is out of reach',
        text: 'It may be running. This page looks again by itself.',
      };
    default:
      return {
        icon: 'gear',
        title: 'At work in the background',
        text: 'This app has no web page. Its processes do the work.',
      };
  }
}

function failure(view: SandboxView | undefined): string {
  const status = view?.seen?.preview.last_http_status;
  if (status !== undefined) return `Its page last answered with status ${status}, where 200 means ready.`;
  return 'Its sandbox runs, and nothing answers at the port of its web page.';
}
