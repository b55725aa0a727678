import { Hono } from 'hono';
import type * as v from 'valibot';
import type { App } from '../../domain/app.ts';
import {
  type ConfigView,
  createConfig,
  deleteConfig,
  listConfig,
  updateConfig,
} from '../../domain/config-commands.ts';
import type { ConfigPatch } from '../../domain/config-item.ts';
import { isCode, notFound } from '../../domain/errors.ts';
import type { ConfigProblems, EditConfigPage } from '../../views/config-models.ts';
import type { Frame } from '../../views/models.ts';
import { shownText } from '../../views/render.ts';
import type { AppContext, Env } from '../context.ts';
import { appOf } from './app-of.ts';
import { asWritten, type ConfigForm, configForm, problemsIn, refusedBy } from './config-form.ts';
import { configPage, configRow } from './config-page.ts';
import { policyChoices } from './config-words.ts';
import { readForm } from './form.ts';
import { page } from './page.ts';

/**
 * What an app is told beside its files. A key may hold anything, "/" and ".." included, and so it is never part of a path. Values
 * of sensitive items go one way only.
 */
export const configPages = new Hono<Env>()
  .get('/:id/config', async (c) => page(c, 'config', await configPage(c.get('ports'), await appOf(c))))
  .post('/:id/config', async (c) => {
    const app = await appOf(c);
    const form = configForm(await readForm(c));
    c.set('auditTarget', { key: form.key });
    const problems: Refusal | undefined = problemsIn(form) ?? (await create(c, app, form));
    if (problems === undefined) return c.redirect(hrefOf(app), 303);
    const { status = 400, ...told } = problems;
    return page(c, 'config', await configPage(c.get('ports'), app, { form, problems: told }), status);
  })
  .get('/:id/config/edit', async (c) => {
    const app = await appOf(c);
    return page(c, 'config-edit', editPage(c, app, await itemOf(c, app, c.req.query('key'))));
  })
  .post('/:id/config/edit', async (c) => {
    const app = await appOf(c);
    const sent = await readForm(c);
    const view = await itemOf(c, app, sent.get('key'));
    const form = configForm(sent);
    const problems: Refusal | undefined =
      problemsIn(form) ?? (await update(c, app, view, form, sent.get('version')));
    if (problems === undefined) return c.redirect(hrefOf(app), 303);
    const { status = 400, ...told } = problems;
    return page(c, 'config-edit', editPage(c, app, view, { form, problems: told }), status);
  })
  .get('/:id/config/delete', async (c) => {
    const app = await appOf(c);
    const item = configRow(await itemOf(c, app, c.req.query('key')), c.get('ports').clock());
    return page(c, 'config-delete', { id: app.id, name: app.name, item });
  })
  .post('/:id/config/delete', async (c) => {
    const app = await appOf(c);
    const key = (await readForm(c)).get('key') ?? '';
    c.set('auditTarget', { key });
    await deleteConfig(c.get('ports'), app.owner, app.id, key);
    return c.redirect(hrefOf(app), 303);
  });

const hrefOf = ({ id }: App): string => `/apps/${id}/config`;

type Refusal = ConfigProblems & { readonly status?: ReturnType<typeof refusedBy>['status'] };

/** @throws not_found */
async function itemOf(c: AppContext, app: App, key: string | null | undefined): Promise<ConfigView> {
  const views = await listConfig(c.get('ports'), app.owner, app.id);
  const view = views.find(({ item }) => item.key === key);
  if (view === undefined) throw notFound('config key');
  c.set('auditTarget', { key: view.item.key });
  return view;
}

/** Answers what was wrong. */
async function create(c: AppContext, app: App, form: ConfigForm): Promise<Refusal | undefined> {
  const { key, value, sensitive, policy } = form;
  try {
    const input = { key, value, sensitive, access_policy: policy };
    await createConfig(c.get('ports'), app.owner, app.id, input);
    return undefined;
  } catch (error) {
    if (!isCode(error, 'conflict')) return refusedBy(error);
    return { key: `There is a “${key}” already. Change that one, or choose another key.`, status: 409 };
  }
}

/** Answers what was wrong. What is as it was is not sent on, so that it stays as it is. */
async function update(
  c: AppContext,
  app: App,
  view: ConfigView,
  form: ConfigForm,
  version: string | null,
): Promise<Refusal | undefined> {
  const { item } = view;
  if (version !== String(item.updatedAt)) return { other: CHANGED_MEANWHILE, status: 409 };
  const patch: v.InferOutput<typeof ConfigPatch> = {
    ...(isNewValue(view, form.value) && { value: form.value }),
    ...(form.sensitive !== item.sensitive && { sensitive: form.sensitive }),
    ...(form.policy !== item.accessPolicy && { access_policy: form.policy }),
  };
  if (Object.keys(patch).length === 0) return undefined;
  try {
    await updateConfig(c.get('ports'), app.owner, app.id, item.key, patch);
    return undefined;
  } catch (error) {
    return refusedBy(error);
  }
}

const CHANGED_MEANWHILE =
  'Somebody else has changed it meanwhile. This is how it is now: look at it, and save again what is still to be changed.';

/** A field that shows nothing is left empty to keep what there is; one that shows the value, as it is. */
function isNewValue({ value }: ConfigView, sent: string): boolean {
  return value === undefined ? sent !== '' : sent !== asWritten(shownText(value));
}

/** @param refused what was sent, and what was wrong with it */
function editPage(
  c: AppContext,
  { id, name }: App,
  view: ConfigView,
  refused?: { readonly form: ConfigForm; readonly problems: ConfigProblems },
): Omit<EditConfigPage, keyof Frame> {
  const { item, value = '' } = view;
  // Of what others have changed meanwhile, that is shown.
  const asked = refused?.problems.other === CHANGED_MEANWHILE ? undefined : refused?.form;
  const sensitive = asked?.sensitive ?? item.sensitive;
  const isSecret = sensitive || item.sensitive;
  return {
    id,
    name,
    item: configRow(view, c.get('ports').clock()),
    fields: {
      value: isSecret ? '' : (asked?.value ?? value),
      sensitive,
      policies: policyChoices(asked?.policy ?? item.accessPolicy),
      problems: refused?.problems ?? {},
    },
    version: item.updatedAt,
  };
}
