import type { CaptureOrder } from '../../domain/capture.ts';

/**
 * What a node remembers of a capture that has not ended, over its own restarts. A sandbox that stands still for one
 * needs no note of its own: whatever is found paused is thawed.
 */
export interface CaptureRecord {
  /** The snapshot's. */
  readonly id: string;
  readonly order: CaptureOrder;
}
