import { Hono } from 'hono';
import * as v from 'valibot';
import { NewApiKey } from '../../domain/api-key.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../domain/api-key-commands.ts';
import { isCode, notFound } from '../../domain/errors.ts';
import type { KeyProblems } from '../../views/settings-models.ts';
import type { AppContext, Env } from '../context.ts';
import { idParam } from '../v1/params.ts';
import { readForm } from './form.ts';
import { type KeyForm, type KeyOutcome, keyRow, keysPage } from './keys-page.ts';
import { page, type PageStatus } from './page.ts';

/** By what programs come in. A token is in the answer to the form that makes it: in no address, and on no page after that. */
export const keyPages = new Hono<Env>()
  .get('/', (c) => show(c, {}))
  .post('/', async (c) => {
    const sent = await readForm(c);
    const form: KeyForm = { name: sent.get('name') ?? '', term: sent.get('expires_in_days') ?? '' };
    const days = form.term === '' ? undefined : Number(form.term);
    const checked = v.safeParse(NewApiKey, { name: form.name, expires_in_days: days });
    if (!checked.success) return show(c, { refused: { form, problems: problemsOf(checked.issues) } }, 400);
    try {
      const { token, key } = await createApiKey(c.get('ports'), c.get('principal').owner, checked.output);
      c.set('auditTarget', { id: key.id, name: key.name });
      return await show(c, { made: { name: key.name, token } });
    } catch (error) {
      if (!isCode(error, 'conflict')) throw error;
      return show(c, { refused: { form, problems: { other: error.message } } }, 409);
    }
  })
  .get('/:id/revoke', async (c) => {
    const id = idParam(c, 'API key');
    const { owner } = c.get('principal');
    const key = (await listApiKeys(c.get('ports'), owner)).find((one) => one.id === id);
    if (key === undefined) throw notFound('API key');
    return page(c, 'key-revoke', { key: keyRow(key, c.get('ports').clock()) });
  })
  .post('/:id/revoke', async (c) => {
    await revokeApiKey(c.get('ports'), c.get('principal').owner, idParam(c, 'API key'));
    return c.redirect('/settings/keys', 303);
  });

const show = async (c: AppContext, outcome: KeyOutcome, status: PageStatus = 200): Promise<Response> =>
  page(c, 'keys', await keysPage(c.get('ports'), c.get('principal').owner, outcome), status);

type Issues = [v.InferIssue<typeof NewApiKey>, ...v.InferIssue<typeof NewApiKey>[]];

function problemsOf(issues: Issues): KeyProblems {
  const { nested = {} } = v.flatten<typeof NewApiKey>(issues);
  const [name, term] = [nested.name?.[0], nested.expires_in_days?.[0]];
  return { name: name && `The name ${name}.`, term: term && `It ${term}.` };
}
