/** A durable thing that outlives its sandboxes. Times are milliseconds since the epoch. */
export interface App {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly externalUserId?: string;
  readonly externalProjectId?: string;
  readonly preset?: string;
  /** The one live sandbox, when there is one. */
  readonly currentSandboxId?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const APP_LIMITS = { name: 200, description: 10_000, tags: 32, tag: 64, external: 256 } as const;
