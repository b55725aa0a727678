import { Hono } from 'hono';
import { SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import { requireWebhook } from '../../domain/require.ts';
import { DELIVERY_STATUSES, type Webhook, webhookHost } from '../../domain/webhook.ts';
import {
  createWebhook,
  deleteWebhook,
  listDeliveries,
  retryDelivery,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../domain/webhook-commands.ts';
import type { AppContext, Env } from '../context.ts';
import { deliveryStatusQuery, idParam, pageQuery } from '../v1/params.ts';
import { readForm } from './form.ts';
import { page, type PageStatus } from './page.ts';
import {
  formOf,
  type RefusedWebhook,
  webhookFields,
  webhookForm,
  webhookInput,
  webhookPatch,
} from './webhook-form.ts';
import { deliveriesHref, type WebhookAsked, webhookHref, webhookPage, webhookRow } from './webhook-page.ts';

const LIST = '/settings/webhooks';

/** Where events are sent to. */
const endpoints = new Hono<Env>()
  .get('/', (c) => list(c))
  .post('/', async (c) => {
    const form = webhookForm(await readForm(c));
    const checked = webhookInput(form);
    if ('problems' in checked) return list(c, { form, problems: checked.problems });
    const ports = c.get('ports');
    try {
      const { webhook, secret } = await createWebhook(ports, c.get('principal').owner, checked.input);
      c.set('auditTarget', { id: webhook.id });
      return await show(c, webhook, { secret });
    } catch (error) {
      if (!(error instanceof SandboxdError) || error.status !== 400) throw error;
      return list(c, { form, problems: { other: error.message } });
    }
  })
  .get('/:id/edit', async (c) => edit(c, await webhookOf(c)))
  .post('/:id/edit', async (c) => {
    const webhook = await webhookOf(c);
    const form = webhookForm(await readForm(c));
    const checked = webhookInput(form);
    if ('problems' in checked) return edit(c, webhook, { form, problems: checked.problems });
    const patch = webhookPatch(webhook, checked.input);
    if (Object.keys(patch).length > 0) await updateWebhook(c.get('ports'), webhook.owner, webhook.id, patch);
    return c.redirect(webhookHref(webhook), 303);
  })
  .get('/:id/delete', async (c) => page(c, 'webhook-delete', questionAbout(await webhookOf(c))))
  .post('/:id/delete', async (c) => {
    await deleteWebhook(c.get('ports'), c.get('principal').owner, idParam(c, 'webhook'));
    return c.redirect(LIST, 303);
  });

/** What is done with one, and what was sent to it. */
const operations = new Hono<Env>()
  .get('/:id', async (c) => {
    const { before } = pageQuery(c);
    return show(c, await webhookOf(c), { status: deliveryStatusQuery(c), before });
  })
  .post('/:id/enable', (c) => switchTo(c, true))
  .post('/:id/disable', (c) => switchTo(c, false))
  .post('/:id/test', async (c) => {
    const webhook = await webhookOf(c);
    const tested = await testWebhook(c.get('ports'), webhook.owner, webhook.id, c.req.raw.signal);
    return show(c, webhook, { tested });
  })
  .get('/:id/rotate-secret', async (c) => page(c, 'webhook-rotate', questionAbout(await webhookOf(c))))
  .post('/:id/rotate-secret', async (c) => {
    const id = idParam(c, 'webhook');
    const { webhook, secret } = await rotateWebhookSecret(c.get('ports'), c.get('principal').owner, id);
    return show(c, webhook, { secret });
  })
  .post('/:id/deliveries/:eventId/retry', async (c) => {
    const webhook = await webhookOf(c);
    await retryDelivery(c.get('ports'), webhook.owner, webhook.id, idParam(c, 'delivery', 'eventId'));
    const from = (await readForm(c)).get('status');
    const status = DELIVERY_STATUSES.find((one) => one === from);
    return c.redirect(deliveriesHref(webhook, status), 303);
  });

/** A signing secret is in the answer to the form that makes it: in no address, and on no page after that. */
export const webhookPages = new Hono<Env>().route('/', endpoints).route('/', operations);

/** @throws not_found */
const webhookOf = (c: AppContext): Promise<Webhook> =>
  requireWebhook(c.get('ports'), c.get('principal').owner, idParam(c, 'webhook'));

const show = async (c: AppContext, webhook: Webhook, asked: WebhookAsked): Promise<Response> =>
  page(c, 'webhook', await webhookPage(c.get('ports'), webhook, asked));

async function switchTo(c: AppContext, enabled: boolean): Promise<Response> {
  const webhook = await webhookOf(c);
  if (webhook.enabled !== enabled)
    await updateWebhook(c.get('ports'), webhook.owner, webhook.id, { enabled });
  return c.redirect(webhookHref(webhook), 303);
}

async function list(c: AppContext, refused?: RefusedWebhook): Promise<Response> {
  const ports = c.get('ports');
  const found = await ports.store.webhooks.list(c.get('principal').owner);
  const rows = await Promise.all(
    found.map(async (webhook) =>
      Object.assign(webhookRow(webhook), { hasDead: await hasDead(ports, webhook) }),
    ),
  );
  const status: PageStatus = refused === undefined ? 200 : 400;
  return page(c, 'webhooks', { rows, form: webhookFields(refused?.form, refused?.problems) }, status);
}

const hasDead = async (ports: Ports, { owner, id: webhookId }: Webhook): Promise<boolean> =>
  (await listDeliveries(ports, owner, { webhookId, status: 'dead', limit: 1 })).length > 0;

function edit(c: AppContext, webhook: Webhook, refused?: RefusedWebhook): Response {
  const fields = webhookFields(refused?.form ?? formOf(webhook), refused?.problems);
  return page(c, 'webhook-edit', { ...questionAbout(webhook), fields }, refused === undefined ? 200 : 400);
}

const questionAbout = (webhook: Webhook) => ({ webhook: webhookRow(webhook), host: webhookHost(webhook) });
