import { defaultManifest } from './manifest.ts';
import { PRESETS } from './preset.ts';
import type { PreviewState } from './runtimed.ts';

const WITHOUT_WEB: ReadonlySet<string | undefined> = new Set(
  PRESETS.filter((preset) => defaultManifest({ preset }).web === undefined).map(({ id }) => id),
);

/**
 * What is said of a preview for as long as nobody has seen what the app declares: its preset's manifest is what runs,
 * and without one it is taken for a web app.
 * @param isComing whether the sandbox runs or is being started
 */
export function expectedPreview(preset: string | undefined, isComing: boolean): PreviewState {
  if (WITHOUT_WEB.has(preset)) return { status: 'none' };
  return { status: isComing ? 'starting' : 'down' };
}
