import { invalid } from '../../domain/errors.ts';
import { EVENT_TYPES, type EventType } from '../../domain/event.ts';

/** What people filter the timeline by: each has the types that begin with one of its prefixes. */
export interface EventKind {
  readonly id: string;
  readonly label: string;
  readonly prefixes: readonly string[];
}

export const EVENT_KINDS: readonly EventKind[] = [
  { id: 'apps', label: 'Apps', prefixes: ['app.'] },
  { id: 'sandboxes', label: 'Sandboxes', prefixes: ['sandbox.', 'process.', 'manifest.', 'preview.'] },
  { id: 'tasks', label: 'Tasks', prefixes: ['task.'] },
  { id: 'snapshots', label: 'Snapshots', prefixes: ['snapshot.'] },
  { id: 'settings', label: 'Settings', prefixes: ['config.', 'credential.', 'settings.'] },
  { id: 'access', label: 'Access', prefixes: ['api_key.', 'auth.'] },
  { id: 'webhooks', label: 'Webhooks', prefixes: ['webhook.'] },
];

export const typesOf = ({ prefixes }: EventKind): EventType[] =>
  EVENT_TYPES.filter((type) => prefixes.some((prefix) => type.startsWith(prefix)));

/** @throws invalid_request for a kind that there is not */
export function kindById(id: string | undefined): EventKind | undefined {
  if (id === undefined) return undefined;
  const kind = EVENT_KINDS.find((one) => one.id === id);
  if (kind === undefined) throw invalid(`kind: give one of ${EVENT_KINDS.map((one) => one.id).join(', ')}.`);
  return kind;
}
