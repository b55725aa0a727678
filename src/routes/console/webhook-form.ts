import * as v from 'valibot';
import type { EventType } from '../../domain/event.ts';
import type { Webhook } from '../../domain/webhook.ts';
import { NewWebhook, SENDABLE_TYPES, type WebhookPatch } from '../../domain/webhook-input.ts';
import type { TypeGroup, WebhookFields, WebhookProblems } from '../../views/webhook-models.ts';
import { EVENT_KINDS, typesOf } from './event-kinds.ts';

/** A webhook as a form has it. */
export interface WebhookForm {
  readonly url: string;
  readonly description: string;
  readonly isEverything: boolean;
  /** Those that are checked, whether or not everything is sent. */
  readonly types: readonly string[];
}

/** What was sent and could not be done, to be sent again. */
export interface RefusedWebhook {
  readonly form: WebhookForm;
  readonly problems: WebhookProblems;
}

export const webhookForm = (form: URLSearchParams): WebhookForm => ({
  url: form.get('url')?.trim() ?? '',
  description: form.get('description') ?? '',
  isEverything: form.get('events') === 'everything',
  types: form.getAll('type'),
});

type Input = v.InferOutput<typeof NewWebhook>;

/** What a form asks for, or what is wrong with it. */
export function webhookInput({
  url,
  description,
  isEverything,
  types,
}: WebhookForm): { readonly input: Input } | { readonly problems: WebhookProblems } {
  if (!isEverything && types.length === 0) {
    return { problems: { events: 'Choose one at least, or everything.' } };
  }
  const checked = v.safeParse(NewWebhook, { url, description, event_types: isEverything ? null : types });
  if (checked.success) return { input: checked.output };
  const { nested = {} } = v.flatten<typeof NewWebhook>(checked.issues);
  const [wrongUrl, wrongText] = [nested.url?.[0], nested.description?.[0]];
  if (wrongUrl === undefined && wrongText === undefined) {
    return { problems: { events: 'One of these is no type of events that are sent.' } };
  }
  return {
    problems: {
      url: wrongUrl && `It ${wrongUrl}.`,
      description: wrongText && `It ${wrongText}.`,
    },
  };
}

/** What a form changes of a webhook; empty when that is nothing. */
export function webhookPatch(
  webhook: Webhook,
  { url, description, event_types }: Input,
): v.InferOutput<typeof WebhookPatch> {
  return {
    ...(url !== webhook.url && { url }),
    ...(description !== webhook.description && { description }),
    ...(!isSame(event_types ?? [], webhook.eventTypes) && { event_types }),
  };
}

const isSame = (one: readonly EventType[], other: readonly EventType[]): boolean =>
  one.every((type) => other.includes(type)) && other.every((type) => one.includes(type));

/** What a form shows of a webhook that is there. */
export const formOf = ({ url, description, eventTypes }: Webhook): WebhookForm => ({
  url,
  description,
  isEverything: eventTypes.length === 0,
  types: eventTypes,
});

const EMPTY: WebhookForm = { url: '', description: '', isEverything: true, types: [] };

export const webhookFields = (
  { url, description, isEverything, types }: WebhookForm = EMPTY,
  problems: WebhookProblems = {},
): WebhookFields => ({ url, description, isEverything, groups: groupsOf(types), problems });

const SENDABLE: ReadonlySet<EventType> = new Set(SENDABLE_TYPES);

function groupsOf(chosen: readonly string[]): TypeGroup[] {
  return EVENT_KINDS.map((kind) => ({
    label: kind.label,
    types: typesOf(kind)
      .filter((type) => SENDABLE.has(type))
      .map((id) => ({ id, chosen: chosen.includes(id) })),
  })).filter(({ types }) => types.length > 0);
}
