import { BOOT_PHASES, type BootPhase } from '../../domain/runtimed.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { Stage, StageAction, StageMessage, Step } from '../../views/models.ts';
import { plainText } from './log-text.ts';
import type { Restoring } from './restoring.ts';
import { isBetweenTries, type LiveState } from './live-state.ts';

const STEP_LABELS: Readonly<Record<BootPhase, string>> = {
  seeding: 'Laying out the files',
  installing: 'Installing dependencies',
  starting: 'Starting the app',
  ready: 'Ready',
};

const START: StageAction = { verb: 'start', label: 'Start', doing: 'Starting' };
const RESTART: StageAction = { verb: 'restart', label: 'Restart', doing: 'Restarting' };

/** What is known beyond the sandbox itself. */
export interface StageContext {
  readonly previewHref?: string | undefined;
  /** What an app that names no preset is made from. */
  readonly fallbackPreset?: string | undefined;
  /** What the program of a broken app said last. */
  readonly lastWords?: string | undefined;
  /** What is about to take its place. */
  readonly restoring?: Restoring | undefined;
}

/**
 * What the main pane shows in each state; undefined where only workers run: they have nothing to look at but their log.
 * A sleeping sandbox is never framed: the frame would wake it.
 */
export function stageOf(
  state: LiveState,
  view: SandboxView | undefined,
  context: StageContext,
): Stage | undefined {
  if (state === 'starting') return { kind: 'steps', title: 'Starting', steps: stepsOf(view) };
  const { previewHref, restoring } = context;
  if (restoring !== undefined) return { kind: 'steps', ...restoringSteps(restoring) };
  if (view !== undefined && previewHref !== undefined && (state === 'serving' || state === 'paused')) {
    const { id, generation } = view.sandbox;
    return { kind: 'frame', id: `preview-${id}-${generation}`, url: previewHref };
  }
  return state === 'working' ? undefined : { kind: 'message', message: messageOf(state, view, context) };
}

function stepsOf(view: SandboxView | undefined): Step[] {
  const current = BOOT_PHASES.indexOf(phaseOf(view));
  return BOOT_PHASES.map((phase, index) => ({
    label: STEP_LABELS[phase],
    state: index < current ? 'done' : index === current ? 'active' : 'todo',
  }));
}

/** What is there is kept first; only then what replaces it is laid out. */
function restoringSteps({ view, name, isKept }: Restoring): { title: string; steps: Step[] } {
  const steps = stepsOf(view);
  return {
    title: name === undefined ? 'Restoring a snapshot' : `Restoring “${name}”`,
    steps: [
      { label: 'Keeping a safety copy', state: isKept ? 'done' : 'active' },
      ...(isKept ? steps : steps.map(({ label }): Step => ({ label, state: 'todo' }))),
    ],
  };
}

/** A node that tells no phase is at the beginning until something runs. */
function phaseOf(view: SandboxView | undefined): BootPhase {
  const phase = view?.seen?.phase ?? (view?.seen?.state === 'running' ? 'starting' : 'seeding');
  return phase === 'ready' ? 'starting' : phase;
}

function messageOf(state: LiveState, view: SandboxView | undefined, context: StageContext): StageMessage {
  switch (state) {
    case 'stopped':
      return {
        icon: 'moon',
        title: 'Stopped',
        text: `Its files are safe. ${context.previewHref === undefined ? 'It does nothing until you start it:' : 'It starts when somebody opens its address, or now:'}`,
        action: START,
      };
    case 'error':
      return {
        icon: 'alert',
        title: 'It could not be started',
        text: view?.sandbox.errorMessage ?? 'Its node gave no reason.',
        action: START,
      };
    case 'none':
      return {
        icon: 'box',
        title: 'No sandbox yet',
        text: `The app has nowhere to run.${context.fallbackPreset === undefined ? '' : ` It names no preset, so ${context.fallbackPreset} is used.`}`,
        action: { ...START, label: 'Create sandbox' },
      };
    case 'unbuilt':
      return {
        icon: 'alert',
        title: 'The build fails',
        text: 'The check after the last task found that the app does not build. Ask an agent to mend it, or revert that task.',
        output: plainText(view?.seen?.preview.build_error_message ?? '').trim() || undefined,
      };
    case 'crashed':
    case 'restarting':
    case 'failing':
      return brokenMessage(state, view, context);
    case 'stopping':
      return { icon: 'moon', title: 'Stopping', text: 'Its processes are being ended. Its files stay.' };
    case 'paused':
      return { icon: 'moon', title: 'Paused', text: 'Its processes stand still, and go on when needed.' };
    default:
      return {
        icon: 'unplugged',
        title: 'Its node is out of reach',
        text: 'It may be running. This page looks again by itself.',
      };
  }
}

function brokenMessage(
  state: 'crashed' | 'restarting' | 'failing',
  view: SandboxView | undefined,
  { lastWords }: StageContext,
): StageMessage {
  const output = view?.seen?.preview.build_error_message ?? lastWords;
  const rest = { output, action: RESTART };
  if (state === 'crashed') return { icon: 'alert', title: 'The app crashed', text: crash(view), ...rest };
  if (state === 'failing')
    return { icon: 'unplugged', title: 'The app is not answering', text: failure(view), ...rest };
  return { icon: 'alert', title: 'The app crashed and is being started again', text: retry(view), ...rest };
}

function crash(view: SandboxView | undefined): string {
  const ended = view?.seen?.processes.find(({ abandoned }) => abandoned);
  const times = ended === undefined ? '' : ` ${ended.restarts + 1} times in a row`;
  return `Its program ended${times} and is left alone now. It starts again when one of its files changes.`;
}

/** Each restart was preceded by a crash, and the present pause by one more. */
function retry(view: SandboxView | undefined): string {
  const ended = view?.seen?.processes.find(isBetweenTries);
  const times = ended === undefined ? '' : ` ${ended.restarts + 1} times`;
  return `Its program ended${times} so far. The next try begins in a moment.`;
}

function failure(view: SandboxView | undefined): string {
  const status = view?.seen?.preview.last_http_status;
  if (status !== undefined) return `Its page last answered with status ${status}, where 200 means ready.`;
  return 'Its sandbox runs, and nothing answers at the port of its web page.';
}
