/** What preparing an image is doing, for people. */
export interface ImageProgress {
  /** Like "System packages". */
  readonly step: string;
  /** 0 to 1 within the whole preparation. */
  readonly fraction: number;
  /** The newest line of the step's own output. */
  readonly detail?: string;
}

export type OnImageProgress = (progress: ImageProgress) => void;

/** The part of a preparation from one fraction to another, which tells its own progress from 0 to 1. */
export function part(report: OnImageProgress, from: number, to: number): OnImageProgress {
  return (progress) => report({ ...progress, fraction: from + (to - from) * progress.fraction });
}
