import type { RuntimeOptions } from '../options.ts';

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
