import * as v from 'valibot';
import { Text } from './app.ts';
import { EVENT_TYPES, type EventType } from './event.ts';
import { isSendable } from './webhook.ts';

/** Characters. */
const LIMITS = { url: 2048, description: 200 } as const;

/** What webhooks can be told of. */
export const SENDABLE_TYPES: readonly EventType[] = EVENT_TYPES.filter(isSendable);

const Url = v.pipe(
  Text,
  v.maxLength(LIMITS.url, `must be at most ${LIMITS.url} characters`),
  v.check((text) => webUrl(text) !== undefined, 'must be an address like https://example.com/hooks'),
  v.check(
    (text) => !hasCredentials(text),
    'must not hold a user name or password: the signature says who calls',
  ),
);

function webUrl(text: string): URL | undefined {
  const url = URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

function hasCredentials(text: string): boolean {
  const url = webUrl(text);
  return url !== undefined && (url.username !== '' || url.password !== '');
}

/** Null is all of them. */
const EventTypes = v.nullable(
  v.pipe(
    v.array(
      v.picklist(SENDABLE_TYPES, 'must hold types of events that are sent, like "task.completed"'),
      'must be a list of types of events',
    ),
    v.nonEmpty('must name a type; leave it out, or give null, to be sent all of them'),
  ),
);

const Description = v.pipe(
  Text,
  v.maxLength(LIMITS.description, `must be at most ${LIMITS.description} characters`),
);

export const NewWebhook = v.object({
  url: Url,
  event_types: v.optional(EventTypes, null),
  description: v.optional(Description, ''),
});

export const WebhookPatch = v.object({
  url: v.optional(Url),
  event_types: v.optional(EventTypes),
  description: v.optional(Description),
  enabled: v.optional(v.boolean('must be true or false')),
});
