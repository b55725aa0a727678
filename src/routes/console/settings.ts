import { Hono } from 'hono';
import { requireOperator } from '../../domain/operators.ts';
import { lifecycleOf } from '../../domain/settings.ts';
import { updateSettings } from '../../domain/settings-commands.ts';
import type { AppContext, Env } from '../context.ts';
import { endOtherSessions } from '../session-cookie.ts';
import { readForm } from './form.ts';
import { lifecycleForm, lifecyclePatch } from './lifecycle-form.ts';
import { page, type PageStatus } from './page.ts';
import { takePassword } from './password-form.ts';
import { noteOf, type SettingsOutcome, settingsPage } from './settings-page.ts';

/** What this installation is, how long its sandboxes stay awake, and how its console is entered. */
export const settingsPages = new Hono<Env>()
  .get('/', (c) => show(c, { note: noteOf(c.req.query('done')) }))
  .post('/lifecycle', async (c) => {
    const ports = c.get('ports');
    const { owner } = c.get('principal');
    requireOperator(ports.instance, owner);
    const form = lifecycleForm(await readForm(c));
    const checked = lifecyclePatch(form, await lifecycleOf(ports));
    if ('problems' in checked) return show(c, { lifecycle: { form, problems: checked.problems } }, 400);
    if (checked.patch === undefined) return c.redirect('/settings', 303);
    c.set('auditTarget', { fields: Object.keys(checked.patch.lifecycle).join(', ') });
    await updateSettings(ports, owner, checked.patch);
    return c.redirect('/settings?done=lifecycle', 303);
  })
  .post('/password', async (c) => {
    const refused = await takePassword(c, await readForm(c));
    if (refused === undefined) return c.redirect('/settings?done=password', 303);
    return show(c, { password: refused.problems }, refused.status);
  })
  .post('/sessions/end-others', async (c) => {
    await endOtherSessions(c);
    return c.redirect('/settings?done=sessions', 303);
  });

const show = async (c: AppContext, outcome: SettingsOutcome, status: PageStatus = 200): Promise<Response> =>
  page(c, 'settings', await settingsPage(c.get('ports'), c.get('principal'), outcome), status);
