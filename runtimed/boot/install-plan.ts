import type { RuntimeOptions } from '../options.ts';
import { nodeInstall } from './node-install.ts';
import { pythonInstall } from './python-install.ts';

/** Something to run before an app can start. */
export interface InstallStep {
  /** For people. */
  readonly why: string;
  /** For `bash -lc` in the app directory. */
  readonly command: string;
}

/** Where an app and what the image has prepared for it are. */
export interface InstallPlace {
  /** The app directory. */
  readonly directory: string;
  /** The image's prepared dependencies, a home's layout below each template's name. */
  readonly layers: RuntimeOptions['layers'];
  /** An install was cut off: what looks installed may not be. */
  readonly isUnfinished: boolean;
}

/** What an app lacks, in the order in which to get it; empty when everything it asks for is there. */
export async function installPlan(place: InstallPlace): Promise<readonly InstallStep[]> {
  const steps = await Promise.all([nodeInstall(place), pythonInstall(place)]);
  return steps.filter((step) => step !== undefined);
}
