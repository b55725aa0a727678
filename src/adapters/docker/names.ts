import { createHash, randomBytes } from 'node:crypto';
import { invalid } from '../../domain/errors.ts';
import { parseId } from '../../domain/ids.ts';

/** Everything the engine holds for this instance carries it; nothing without it is touched. */
export const INSTANCE_LABEL = 'sandboxd.instance';
/** The canonical sandbox id. */
export const SANDBOX_LABEL = 'sandboxd.sandbox';
/** Marks a container that only holds a network (see network-holders); it belongs to no sandbox. */
export const HOLDER_LABEL = 'sandboxd.network';
/** Marks a container that is never started (see helper); it belongs to no sandbox. */
export const HELPER_LABEL = 'sandboxd.helper';
/** Fingerprint of what a container was made from. */
export const SPEC_LABEL = 'sandboxd.spec';

/** What the things of one instance are called in the engine and the kernel. */
export interface Names {
  readonly instance: string;
  readonly network: string;
  /** A kernel interface name: 15 characters at most. */
  readonly bridge: string;
  /** Prefix of the instance's iptables chains: with its suffix 28 characters at most. */
  readonly chainPrefix: string;
  /** @throws invalid_request for what is no sandbox id, so that no other text ever reaches a name */
  container(sandboxId: string): string;
  /** Another one with each call, never that of a sandbox's container. */
  holder(): string;
  /** Differs for different mount options: the engine keeps the first ones a volume was made with. */
  volume(sandboxId: string, options: Readonly<Record<string, string>>): string;
  labels(sandboxId: string): Record<string, string>;
  /** An engine filter for everything of this instance. */
  all(): { label: string[] };
  /** An engine filter for what belongs to sandboxes of this instance, or to one of them. */
  filter(sandboxId?: string): { label: string[] };
}

const INSTANCE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;

/** @throws invalid_request when the instance's id cannot be part of an engine name */
export function namesOf(instance: string): Names {
  if (!INSTANCE_NAME.test(instance)) {
    throw invalid('instance: is not 1 to 32 letters, digits, "_", "." or "-", the first a letter or digit.');
  }
  const short = fingerprint(instance).slice(0, 10);
  const container = (sandboxId: string) => `sandboxd-${instance}-${canonical(sandboxId).toLowerCase()}`;
  return {
    instance,
    network: `sandboxd-${instance}`,
    bridge: `sbx-${short}`,
    chainPrefix: `SANDBOXD-${short}`,
    container,
    holder: () => `sandboxd-${instance}-network-${randomBytes(6).toString('hex')}`,
    volume: (sandboxId, options) => `${container(sandboxId)}-${fingerprint(options).slice(0, 12)}`,
    labels: (sandboxId) => ({ [INSTANCE_LABEL]: instance, [SANDBOX_LABEL]: canonical(sandboxId) }),
    all: () => ({ label: [`${INSTANCE_LABEL}=${instance}`] }),
    filter: (sandboxId) => ({
      label: [
        `${INSTANCE_LABEL}=${instance}`,
        sandboxId === undefined ? SANDBOX_LABEL : `${SANDBOX_LABEL}=${canonical(sandboxId)}`,
      ],
    }),
  };
}

function canonical(sandboxId: string): string {
  const id = parseId(sandboxId);
  if (id === undefined) throw invalid('sandbox id: is not a ULID.');
  return id;
}

/** The same for equal values, whatever the order of their keys. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sortedKeys)).digest('hex');
}

const sortedKeys = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
