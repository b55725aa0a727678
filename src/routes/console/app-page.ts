import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import { DEFAULT_PRESET } from '../../domain/preset.ts';
import type { ProcessState } from '../../domain/runtimed.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { AppPage, Fact, Frame, ProcessRow } from '../../views/models.ts';
import { look, presetLabel } from './app-look.ts';
import { appSnapshots, originFacts } from './app-snapshots.ts';
import { appState } from './app-state.ts';
import { appTasks } from './app-tasks.ts';
import type { RefusedCapture } from './capture-form.ts';
import { CHIPS, isBetweenTries, isSettling, type LiveState } from './live-state.ts';
import { previewOf } from './live-view.ts';
import { logsOf } from './logs.ts';
import { manifestNotice } from './manifest-notice.ts';
import { moment } from './relative-time.ts';
import { isCapturing } from './snapshot-row.ts';
import type { RefusedPrompt } from './prompt-box.ts';
import { stageOf } from './stage.ts';
import { tasksOfApp } from './task-panel.ts';
import { timelineEntry } from './timeline.ts';

const EVENTS_SHOWN = 30;
const TASKS_SHOWN = 6;
/** A start takes a second or two: its steps are worth following closely. */
const SETTLING_SECONDS = 1;
const SETTLED_SECONDS = 2;

export interface Asked {
  /** Whose log is asked for. */
  readonly process?: string | undefined;
  /** Whether only what changes by itself is wanted. */
  readonly isPartial?: boolean;
  readonly refused?: RefusedPrompt;
  readonly refusedCapture?: RefusedCapture;
}

/** Everything the page of one app says. */
export async function appPage(
  ports: Ports,
  owner: string,
  app: App,
  { process, isPartial = false, refused, refusedCapture }: Asked,
): Promise<Omit<AppPage, keyof Frame>> {
  const [{ view, state, restoring }, events, tasks] = await Promise.all([
    appState(ports, app),
    ports.store.events.list(owner, { appId: app.id, limit: EVENTS_SHOWN }),
    tasksOfApp(ports, owner, app.id, { limit: TASKS_SHOWN }),
  ]);
  // What is about to be replaced is not looked at any more.
  const preview = restoring === undefined ? previewOf(ports, view) : undefined;
  const [logs, work, snapshots, origin] = await Promise.all([
    view === undefined ? undefined : logsOf(ports, view, state, process),
    appTasks(ports, app, view?.sandbox, state, { tasks, isPartial, refused }),
    appSnapshots(ports, app, view?.sandbox, state, refusedCapture),
    originFacts(ports, app),
  ]);
  const now = ports.clock();
  return {
    id: app.id,
    name: app.name,
    ...look(app),
    chip: CHIPS[state],
    tasks: work,
    snapshots,
    stage: stageOf(state, view, {
      previewHref: preview?.href,
      fallbackPreset:
        app.preset === undefined ? presetLabel({ ...app, preset: DEFAULT_PRESET }, undefined) : undefined,
      lastWords: logs?.lastWords,
      restoring,
    }),
    logs: logs?.panel,
    here:
      process === undefined ? `/apps/${app.id}` : `/apps/${app.id}?process=${encodeURIComponent(process)}`,
    refreshSeconds: isSettling(state) ? SETTLING_SECONDS : SETTLED_SECONDS,
    // A page that says what was wrong with a form does not go away by itself.
    settling:
      refused === undefined &&
      refusedCapture === undefined &&
      (isSettling(state) || work.box.isBusy || snapshots.rows.some(isCapturing)),
    // One whose agent is at work is not stopped under it: the task is cancelled first.
    canStop: STOPPABLE.has(state) && view?.sandbox.activeTaskId === undefined,
    canRestart: RESTARTABLE.has(state),
    preview,
    notices: noticesOf(view),
    facts: [...factsOf(app, view, now), ...origin],
    awakeBecause: view?.seen?.awakeBecause ?? [],
    processes: (view?.seen?.processes ?? []).map(processRow),
    timeline: events.map((event) => timelineEntry(event, now)),
  };
}

const STOPPABLE: ReadonlySet<LiveState> = new Set([
  'starting',
  'serving',
  'working',
  'paused',
  'failing',
  'unbuilt',
  'restarting',
  'crashed',
  'unknown',
] satisfies LiveState[]);

/** Of one that is broken the stage itself offers a restart. */
const RESTARTABLE: ReadonlySet<LiveState> = new Set(['serving', 'working'] satisfies LiveState[]);

function noticesOf(view: SandboxView | undefined): string[] {
  if (view === undefined) return [];
  const notices: string[] = [];
  if (view.seen === undefined) {
    notices.push(
      'Its node is not answering. This is what was last known; orders are carried out when it is back.',
    );
  }
  const manifest = manifestNotice(view);
  if (manifest !== undefined) notices.push(manifest);
  return notices;
}

function factsOf(app: App, view: SandboxView | undefined, now: number): Fact[] {
  const active = view?.seen?.lastActiveAt ?? view?.sandbox.lastActiveAt;
  const facts: Fact[] = [
    { name: 'Preset', value: presetLabel(app, view?.sandbox) },
    fact('Created', app.createdAt, now),
    ...(active === undefined ? [] : [fact('Last active', active, now)]),
  ];
  if (view !== undefined)
    facts.push({
      name: 'Files',
      value: 'Download',
      href: `/apps/${app.id}/download`,
      note: 'as a zip archive',
    });
  if (view?.sandbox.idlePolicy === 'always_on') facts.push({ name: 'When idle', value: 'stays awake' });
  if (view?.sandbox.visibility === 'private') facts.push({ name: 'Preview', value: 'private' });
  return facts;
}

function fact(name: string, at: number, now: number) {
  const { ago, iso } = moment(at, now);
  return { name, value: ago, title: iso };
}

function processRow(process: ProcessState): ProcessRow {
  const { name, kind, running, abandoned, restarts } = process;
  const chip = running
    ? ({ label: 'Running', tone: 'ok' } as const)
    : abandoned
      ? ({ label: 'Crashed', tone: 'bad' } as const)
      : isBetweenTries(process)
        ? CHIPS.restarting
        : ({ label: 'Not running', tone: 'idle' } as const);
  return { name, kind: kind === 'web' ? 'web process' : 'worker process', restarts, chip };
}
