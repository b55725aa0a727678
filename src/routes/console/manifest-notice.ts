import type { SandboxView } from '../../domain/sandbox-view.ts';

/** What is said of the file as a whole needs a subject; what is said of a field names it. */
const OF_THE_FILE = /^(?:is|must|cannot) /;

/** What runs when an app's `sandbox.yaml` cannot be used, and why it cannot; undefined when nothing is wrong with it. */
export function manifestNotice(view: SandboxView | undefined): string | undefined {
  const error = view?.seen?.manifestError;
  if (error === undefined) return undefined;
  const what = view?.sandbox.preset === undefined ? 'The default settings' : 'The preset’s own settings';
  const why = OF_THE_FILE.test(error) ? error : `has a mistake: ${error}`;
  return `${what} run instead of sandbox.yaml, which ${why}`;
}
