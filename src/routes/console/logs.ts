import { SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import { LOG_TAIL_DEFAULT, type ProcessState } from '../../domain/runtimed.ts';
import { tailLog } from '../../domain/sandbox-io.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { LogPanel } from '../../views/models.ts';
import type { LiveState } from './live-state.ts';
import { plainLine } from './log-text.ts';
import { inTime } from '../../domain/pause.ts';
import { PATIENCE_MS } from './patience.ts';

const LAST_WORDS = 20;

/** A frozen sandbox cannot answer, a stopping one is about to leave. */
const READABLE: ReadonlySet<LiveState> = new Set([
  'starting',
  'serving',
  'working',
  'failing',
  'unbuilt',
  'restarting',
  'crashed',
] satisfies LiveState[]);

const BROKEN: ReadonlySet<LiveState> = new Set(['failing', 'restarting', 'crashed'] satisfies LiveState[]);

const SILENCE: Partial<Record<LiveState, string>> = {
  stopped: 'Stopped. Its logs show here while it runs.',
  error: 'It does not run. Its logs show here while it does.',
  paused: 'Paused. Its logs show here when it goes on.',
  stopping: 'Stopping.',
  restoring: 'What ran here is replaced.',
  unknown: 'Its node is out of reach.',
};

export interface Logs {
  readonly panel: LogPanel;
  /** The last of what the process said that a broken app depends on. */
  readonly lastWords?: string | undefined;
}

/** What the processes of a sandbox said last. `wanted` names one of them; any other text stands for the first. */
export async function logsOf(
  ports: Ports,
  { sandbox, seen }: SandboxView,
  state: LiveState,
  wanted: string | undefined,
): Promise<Logs> {
  const processes = (seen?.processes ?? []).toSorted(webFirst);
  const [main] = processes;
  if (!READABLE.has(state) || seen?.state !== 'running' || main === undefined) {
    return { panel: { tabs: [], text: '', note: SILENCE[state] ?? 'Its processes have not started yet.' } };
  }
  const chosen = processes.find(({ name }) => name === wanted) ?? main;
  const read = (name: string) => linesOf(tailLog(ports, sandbox.owner, sandbox.id, name, LOG_TAIL_DEFAULT));
  const isBroken = BROKEN.has(state);
  const [shown, words] = await Promise.all([
    read(chosen.name),
    isBroken && chosen !== main ? read(main.name) : undefined,
  ]);
  const panel: LogPanel = {
    tabs: processes.length < 2 ? [] : processes.map(({ name }) => tab(sandbox.appId, name, chosen.name)),
    process: chosen.name,
    ...textOf(shown),
  };
  return { panel, lastWords: isBroken ? lastOf(words ?? shown) : undefined };
}

const webFirst = (a: ProcessState, b: ProcessState): number =>
  Number(b.kind === 'web') - Number(a.kind === 'web');

const tab = (appId: string | undefined, name: string, chosen: string) => ({
  name,
  href: `/apps/${appId}?process=${encodeURIComponent(name)}`,
  chosen: name === chosen,
});

/** The lines, or undefined when they are not to be had: the rest of the page is worth showing without them. */
async function linesOf(reading: Promise<string[]>): Promise<string[] | undefined> {
  try {
    return (await inTime(reading, PATIENCE_MS))?.map(plainLine);
  } catch (error) {
    if (!(error instanceof SandboxdError)) throw error;
    return error.code === 'not_found' ? [] : undefined;
  }
}

function textOf(lines: readonly string[] | undefined): Pick<LogPanel, 'text' | 'note'> {
  if (lines === undefined) return { text: '', note: 'The log cannot be read right now.' };
  return lines.length === 0 ? { text: '', note: 'It has said nothing yet.' } : { text: lines.join('\n') };
}

function lastOf(lines: readonly string[] | undefined): string | undefined {
  return lines?.slice(-LAST_WORDS).join('\n').trim() || undefined;
}
