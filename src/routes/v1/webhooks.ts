import { Hono } from 'hono';
import { requireWebhook } from '../../domain/require.ts';
import {
  createWebhook,
  deleteWebhook,
  listDeliveries,
  retryDelivery,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../domain/webhook-commands.ts';
import { NewWebhook, WebhookPatch } from '../../domain/webhook-input.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { deliveryStatusQuery, idParam, PAGE, page, pageQuery } from './params.ts';
import { presentAttempt, presentDelivery, presentWebhook, presentWithSecret } from './present-webhook.ts';
import {
  DeliveryListBody,
  TestBody,
  WebhookBody,
  WebhookListBody,
  WebhookWithSecretBody,
} from './webhook-schemas.ts';

const INPUT_ERRORS = ['invalid_request', 'payload_too_large'] as const;

/** Where events are sent to. */
const endpoints = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'listWebhooks',
      summary: 'List webhooks, newest first',
      tag: 'Webhooks',
      ok: { 200: WebhookListBody },
    }),
    async (c) => {
      const found = await c.get('ports').store.webhooks.list(c.get('principal').owner);
      return c.json({ webhooks: found.map(presentWebhook) });
    },
  )
  .post(
    '/',
    operation({
      id: 'createWebhook',
      summary: 'Have your events sent to an address',
      description:
        'Requests are signed as Standard Webhooks has it, with the `secret` of this answer: nothing shows it again. Without `event_types`, all events are sent.',
      tag: 'Webhooks',
      body: NewWebhook,
      ok: { 201: WebhookWithSecretBody },
      errors: INPUT_ERRORS,
    }),
    async (c) => {
      const input = await readInput(c, NewWebhook);
      const made = await createWebhook(c.get('ports'), c.get('principal').owner, input);
      c.set('auditTarget', { id: made.webhook.id });
      return c.json(presentWithSecret(made), 201);
    },
  )
  .get(
    '/:id',
    operation({
      id: 'getWebhook',
      summary: 'Get a webhook',
      tag: 'Webhooks',
      ok: { 200: WebhookBody },
      errors: ['not_found'],
    }),
    async (c) => {
      const id = idParam(c, 'webhook');
      return c.json(presentWebhook(await requireWebhook(c.get('ports'), c.get('principal').owner, id)));
    },
  )
  .patch(
    '/:id',
    operation({
      id: 'updateWebhook',
      summary: 'Change address, types of events or description, disable or enable',
      description:
        'A disabled webhook is sent nothing. What was on its way waits until it is enabled; what happens meanwhile is not sent later.',
      tag: 'Webhooks',
      body: WebhookPatch,
      ok: { 200: WebhookBody },
      errors: ['not_found', ...INPUT_ERRORS],
    }),
    async (c) => {
      const id = idParam(c, 'webhook');
      const patch = await readInput(c, WebhookPatch);
      return c.json(presentWebhook(await updateWebhook(c.get('ports'), c.get('principal').owner, id, patch)));
    },
  )
  .delete(
    '/:id',
    operation({
      id: 'deleteWebhook',
      summary: 'Delete a webhook, with everything on its way to it',
      tag: 'Webhooks',
      ok: { 204: 'Deleted' },
      errors: ['not_found'],
    }),
    async (c) => {
      await deleteWebhook(c.get('ports'), c.get('principal').owner, idParam(c, 'webhook'));
      return c.body(null, 204);
    },
  )
  .post(
    '/:id/rotate-secret',
    operation({
      id: 'rotateWebhookSecret',
      summary: 'Make a new signing secret',
      description: 'For a day, requests carry a signature by the one before as well.',
      tag: 'Webhooks',
      creates: true,
      ok: { 200: WebhookWithSecretBody },
      errors: ['not_found', 'conflict'],
    }),
    async (c) => {
      const id = idParam(c, 'webhook');
      return c.json(
        presentWithSecret(await rotateWebhookSecret(c.get('ports'), c.get('principal').owner, id)),
      );
    },
  )
  .post(
    '/:id/test',
    operation({
      id: 'testWebhook',
      summary: 'Send a message of the type `webhook.test` at once, and tell what came of it',
      tag: 'Webhooks',
      ok: { 200: TestBody },
      errors: ['not_found'],
    }),
    async (c) => {
      const id = idParam(c, 'webhook');
      const { owner } = c.get('principal');
      return c.json(presentAttempt(await testWebhook(c.get('ports'), owner, id, c.req.raw.signal)));
    },
  );

/** What is on its way, arrived, or was given up. */
const deliveries = new Hono<Env>()
  .get(
    '/:id/deliveries',
    operation({
      id: 'listWebhookDeliveries',
      summary: 'What was sent to a webhook, the latest event first',
      tag: 'Webhooks',
      query: { ...PAGE, status: 'only pending, delivered, or dead ones' },
      ok: { 200: DeliveryListBody },
      errors: ['invalid_request', 'not_found'],
    }),
    async (c) => {
      const webhookId = idParam(c, 'webhook');
      const status = deliveryStatusQuery(c);
      const { rows, next_before } = await page(pageQuery(c), async (query) => {
        const of = { ...query, webhookId, status };
        const found = await listDeliveries(c.get('ports'), c.get('principal').owner, of);
        return found.map((delivery) => ({ id: delivery.eventId, delivery }));
      });
      return c.json({ deliveries: rows.map(({ delivery }) => presentDelivery(delivery)), next_before });
    },
  )
  .post(
    '/:id/deliveries/:eventId/retry',
    operation({
      id: 'retryWebhookDelivery',
      summary: 'Send a dead delivery once more',
      tag: 'Webhooks',
      ok: { 202: 'It is sent within moments' },
      errors: ['not_found', 'conflict'],
    }),
    async (c) => {
      const id = idParam(c, 'webhook');
      const eventId = idParam(c, 'delivery', 'eventId');
      await retryDelivery(c.get('ports'), c.get('principal').owner, id, eventId);
      return c.body(null, 202);
    },
  );

export const webhooks = new Hono<Env>().route('/', endpoints).route('/', deliveries);
