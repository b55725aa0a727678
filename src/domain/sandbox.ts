import type { CaptureOrder } from './capture.ts';

/**
 * What a sandbox is, and how its status may change. Store, agent and console derive from this file.
 *
 * Two facts are kept apart: what its owner *wants* (`desired`, numbered by `generation`) and what a node *observes*.
 * The node applies a generation once; below the same generation it may put the sandbox to sleep and wake it by itself.
 */
export const SANDBOX_STATUSES = ['creating', 'running', 'stopped', 'error'] as const;
export type SandboxStatus = (typeof SANDBOX_STATUSES)[number];

/** The state an owner asked for. `absent` is a deletion that the node has yet to confirm. */
export type Desired = 'running' | 'stopped' | 'absent';

export type IdlePolicy = 'sleep' | 'always_on';
export type Visibility = 'public' | 'private';

/**
 * Which statuses may follow which. Deletion is possible from anywhere and leaves no row. Observations are levels: a
 * node that was out of reach shows where it is now, so a creation may be seen stopped without having been seen running.
 */
export const TRANSITIONS: Readonly<Record<SandboxStatus, readonly SandboxStatus[]>> = {
  creating: ['running', 'stopped', 'error'],
  running: ['stopped', 'error'],
  stopped: ['running', 'error'],
  error: ['running', 'stopped'],
};

export const mayBecome = (from: SandboxStatus, to: SandboxStatus): boolean =>
  from === to || TRANSITIONS[from].includes(to);

/** What a sandbox is made from; fixed for its life. */
export interface SandboxBlueprint {
  /** A preset's id, or undefined when only a template was named. */
  readonly preset?: string;
  /** A template's name, or `blank`. */
  readonly template: string;
  /** The ports the preview may reach, the first being the default. */
  readonly ports: readonly number[];
  /** What its workspace begins with, in the place of a template's files. */
  readonly fromSnapshotId?: string;
}

/** What a sandbox takes the place of once it runs. Until then the other one is its app's own, and stands still. */
export interface Replacement {
  readonly sandboxId: string;
  /** Taken of the other one's workspace, before anything else. */
  readonly safety: CaptureOrder;
}

/** The API's row. Times are milliseconds since the epoch. */
export interface Sandbox extends SandboxBlueprint {
  readonly id: string;
  readonly owner: string;
  readonly appId?: string;
  /** `project` of POST /v1/sandboxes: the caller's own identity for it. */
  readonly project?: { readonly id: string; readonly userId: string };
  readonly nodeId: string;
  readonly visibility: Visibility;
  readonly idlePolicy: IdlePolicy;
  /** Gone once it has taken the other one's place. */
  readonly replaces?: Replacement;
  readonly desired: Desired;
  /** Grows with every change of `desired`; the node applies each once. */
  readonly generation: number;
  /** Grows with every change of anything a node must know, settings included. */
  readonly revision: number;
  readonly status: SandboxStatus;
  readonly paused: boolean;
  readonly errorMessage?: string;
  readonly keepaliveUntil?: number;
  readonly lastActiveAt?: number;
  /** The one task that runs in it, when there is one. */
  readonly activeTaskId?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const DEFAULT_PORT = 3000;
