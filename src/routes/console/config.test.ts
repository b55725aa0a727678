import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger, type Visitor } from '../../../tests/fakes/visitor.ts';
import { createApp } from '../../domain/app-commands.ts';
import { createConfig, listConfig } from '../../domain/config-commands.ts';
import type { AccessPolicy } from '../../domain/config-item.ts';
import { createAppSandbox } from '../../domain/sandbox-commands.ts';

const SECRET = 'test-value-not-real';

let world: ApiWorld;
let visitor: Visitor;
let id: string;

beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world);
  ({ id } = await createApp(world.ports, 'default', { name: 'Shop', description: '', tags: [] }));
});

const text = async (answer: Promise<Response>) => (await answer).text();
const show = () => text(visitor.get(`/apps/${id}/config`));
const edit = (key: string) => visitor.get(`/apps/${id}/config/edit?key=${encodeURIComponent(key)}`);
const add = (
  key: string,
  value: string,
  { sensitive = true, policy = 'both' }: { sensitive?: boolean; policy?: AccessPolicy } = {},
) => createConfig(world.ports, 'default', id, { key, value, sensitive, access_policy: policy });
const items = async () =>
  (await listConfig(world.ports, 'default', id)).map(({ item, value }) => ({
    key: item.key,
    sensitive: item.sensitive,
    policy: item.accessPolicy,
    value,
  }));
/** What the page says of one item. */
const about = (page: string, key: string) =>
  page.split('<li class="item">').find((part) => part.includes(`<bdi>${key}</bdi>`)) ?? '';
const version = (page: string) => /name="version" value="(\d+)"/.exec(page)?.[1] ?? '';
/** Sends the form for a new one. */
const send = (fields: Record<string, string>) =>
  visitor.post(`/apps/${id}/config`, { access_policy: 'runtime_access', ...fields });
/** Sends the form for one that is there, as somebody who has just looked at it. */
const save = async (key: string, fields: Record<string, string>) =>
  visitor.post(`/apps/${id}/config/edit`, { key, version: version(await text(edit(key))), ...fields });
/** What is kept of an item in the store: no page says it. */
const opened = async (key: string) => {
  const item = await world.ports.store.config.find('default', id, key);
  if (item === undefined) throw new Error('there is no such item');
  return world.ports.vault.open(item.sealed, ['config', id, key, item.sensitive ? 'sensitive' : 'plain']);
};

describe('the page of an app’s config', () => {
  it('says of each item who has it, whether it is sensitive, and what it is unless it is', async () => {
    await add('API_KEY', SECRET);
    await add('GREETING', 'hello <b>\nworld', { sensitive: false, policy: 'runtime_access' });
    await add('NOTE', '', { sensitive: false, policy: 'control_plane_only' });
    world.advance(120_000);
    const page = await show();
    expect(about(page, 'API_KEY')).toMatch(/The app and coding agents · sensitive.*2 minutes ago/s);
    expect(about(page, 'GREETING')).toContain('hello &lt;b&gt;\nworld');
    expect(about(page, 'GREETING')).toContain('The app · shown here');
    expect(about(page, 'NOTE')).toContain('Nobody in the sandbox · empty');
    expect(page).not.toContain(SECRET);
    expect(page.match(/autocomplete="off"/g)?.length).toBe(3);
    expect(await text(visitor.get(`/apps/${id}`))).toContain(`href="/apps/${id}/config"`);
  });

  it('tells of one that cannot be read, and shows the others', async () => {
    const { item } = await add('GOOD', 'fine', { sensitive: false });
    for (const sensitive of [true, false]) {
      const lost = { ...item, key: `LOST_${sensitive}`, sensitive, unreadableSince: 1 };
      await world.ports.store.commit({ kind: 'config.insert', item: lost });
    }
    const page = await show();
    expect(about(page, 'GOOD')).toContain('fine');
    for (const key of ['LOST_true', 'LOST_false']) {
      expect(about(page, key)).toMatch(/Cannot be read.*Set it anew.*nothing of the app starts/s);
      expect(await text(edit(key))).toContain('cannot be read any more');
    }
  });

  it('offers to restart what runs, and nothing where nothing does', async () => {
    expect(await show()).not.toContain('Restart processes');
    expect(await show()).toContain('at the next start');
    await createAppSandbox(world.ports, 'default', id, {});
    const page = await show();
    expect(page).toContain(`action="/apps/${id}/restart-processes"`);
    expect(page).toContain('once its processes are restarted');
  });

  it.each(['config', 'config/edit?key=API_KEY', 'config/delete?key=API_KEY', 'download'])(
    'is for its owner alone: %s',
    async (path) => {
      await createAppSandbox(world.ports, 'default', id, {});
      await add('API_KEY', SECRET);
      const rival = await signedInVisitor(world, 'rival');
      const answer = await rival.get(`/apps/${id}/${path}`);
      expect(answer.status).toBe(404);
      expect(await answer.text()).not.toContain('API_KEY');
      expect((await stranger(world).get(`/apps/${id}/${path}`)).status).toBe(303);
    },
  );

  it.each([
    ['config', { key: 'PLANTED', value: 'x' }],
    ['config/edit', { key: 'API_KEY', value: 'stolen', version: '1' }],
    ['config/delete', { key: 'API_KEY' }],
  ])('takes no form of another owner, of a stranger, or without its token: %s', async (path, fields) => {
    await add('API_KEY', SECRET);
    const before = await world.ports.store.config.list('default', id);
    const rival = await signedInVisitor(world, 'rival');
    const at = `/apps/${id}/${path}`;
    expect((await rival.post(at, fields)).status).toBe(404);
    expect((await stranger(world).post(at, fields)).status).toBe(303);
    expect((await visitor.post(at, { ...fields, csrf_token: 'f'.repeat(64) })).status).toBe(403);
    expect(await world.ports.store.config.list('default', id)).toEqual(before);
  });
});

describe('an item that is added', () => {
  it('is there as it was written, line for line', async () => {
    const answer = await send({ key: 'CERT', value: 'one\r\ntwo\r\n', sensitive: 'yes' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/apps/${id}/config`]);
    expect(await opened('CERT')).toBe('one\ntwo\n');
    await send({ key: 'PLAIN', value: 'x' });
    expect(await items()).toEqual([
      { key: 'CERT', sensitive: true, policy: 'runtime_access' },
      { key: 'PLAIN', sensitive: false, policy: 'runtime_access', value: 'x' },
    ]);
    expect(JSON.stringify(world.logged)).not.toContain('one');
  });

  it('may have the longest value there can be, whatever is in it', async () => {
    expect((await send({ key: 'LONG', value: '\r\n'.repeat(64 * 1024) })).status).toBe(303);
    expect(await opened('LONG')).toHaveLength(64 * 1024);
    const answer = await send({ key: 'LONGER', value: 'x'.repeat(64 * 1024 + 1) });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('at most 64 KiB')]);
  });

  it.each([
    [{ key: '' }, 400, 'The key must not be empty.'],
    [{ key: 'a\u0007' }, 400, 'control characters'],
    [{ key: 'A=B' }, 400, 'cannot be given to programs'],
    [{ key: 'THERE' }, 409, 'There is a “THERE” already.'],
    [{ key: 'NUL', value: 'a\0' }, 400, 'The value must not contain a NUL'],
  ])('and cannot be is refused at its field: %j', async (fields, status, said) => {
    await add('THERE', 'was there');
    const answer = await send({ value: 'shown again', ...fields });
    const page = await answer.text();
    expect([answer.status, page]).toEqual([status, expect.stringContaining(said)]);
    expect(page).toMatch(/class="field-problem"/);
    expect(await items()).toHaveLength(1);
    // Only what may be shown is there to be sent again.
    expect(page).toContain(`${'value' in fields ? fields.value : 'shown again'}</textarea>`);
    const secret = await send({ value: SECRET, sensitive: 'yes', ...fields });
    expect(await secret.text()).not.toContain(SECRET);
  });

  it('is given to nobody in the sandbox without a choice', async () => {
    await send({ key: 'QUIET', value: 'x', access_policy: 'everybody' });
    expect(await items()).toMatchObject([{ key: 'QUIET', policy: 'control_plane_only' }]);
  });
});

describe('an item that is changed', () => {
  it('keeps a sensitive value that nobody wrote anew, to the byte', async () => {
    await add('API_KEY', SECRET);
    const before = await world.ports.store.config.find('default', id, 'API_KEY');
    const page = await text(edit('API_KEY'));
    expect(page).not.toContain(SECRET);
    expect(page).toContain('Leave it empty to keep the one there is.');
    const answer = await save('API_KEY', { value: '', sensitive: 'yes', access_policy: 'agent_access' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/apps/${id}/config`]);
    expect(await world.ports.store.config.find('default', id, 'API_KEY')).toMatchObject({
      accessPolicy: 'agent_access',
      sealed: before?.sealed,
    });
    await save('API_KEY', { value: 'another', sensitive: 'yes', access_policy: 'agent_access' });
    expect(await opened('API_KEY')).toBe('another');
  });

  it('shows a plain value to be changed, and is left alone where nothing was', async () => {
    await add('GREETING', '\nhello\u202e\nworld', { sensitive: false });
    const page = await text(edit('GREETING'));
    expect(page).toMatch(/<textarea[^>]*>\n\nhello\nworld<\/textarea>/);
    const before = await world.ports.store.config.list('default', id);
    await save('GREETING', { value: '\r\nhello\r\nworld', access_policy: 'both' });
    expect(await world.ports.store.config.list('default', id)).toEqual(before);
    await save('GREETING', { value: '', access_policy: 'both' });
    expect(await items()).toMatchObject([{ value: '', sensitive: false }]);
  });

  it('becomes sensitive, and then is shown to nobody', async () => {
    await add('TOKEN', SECRET, { sensitive: false });
    expect(await show()).toContain(SECRET);
    await save('TOKEN', { value: SECRET, sensitive: 'yes', access_policy: 'both' });
    expect(await items()).toMatchObject([{ sensitive: true }]);
    expect(await opened('TOKEN')).toBe(SECRET);
    expect((await show()) + (await text(edit('TOKEN')))).not.toContain(SECRET);
  });

  it('does not undo what somebody else has changed meanwhile', async () => {
    await add('GREETING', 'old', { sensitive: false });
    const seen = version(await text(edit('GREETING')));
    world.advance(1000);
    await save('GREETING', { value: 'theirs', access_policy: 'both' });
    const fields = { key: 'GREETING', value: 'mine', access_policy: 'both', version: seen };
    const answer = await visitor.post(`/apps/${id}/config/edit`, fields);
    const page = await answer.text();
    expect([answer.status, page]).toEqual([409, expect.stringContaining('Somebody else has changed it')]);
    expect(page).toContain('theirs</textarea>');
    expect(await items()).toMatchObject([{ value: 'theirs' }]);
    expect(
      (await visitor.post(`/apps/${id}/config/edit`, { ...fields, version: version(page) })).status,
    ).toBe(303);
    expect(await items()).toMatchObject([{ value: 'mine' }]);
  });

  it('that would have to be read and cannot be stays as it is', async () => {
    const { item } = await add('GOOD', 'fine', { sensitive: false });
    await world.ports.store.commit({ kind: 'config.insert', item: { ...item, key: 'LOST' } });
    const answer = await save('LOST', { value: '', sensitive: 'yes', access_policy: 'both' });
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('id="problem"')]);
    await save('LOST', { value: 'anew', sensitive: 'yes', access_policy: 'both' });
    expect(await opened('LOST')).toBe('anew');
  });

  it.each(['a/b', '...', 'ä ö', 'a&b=c', '%2F', '<b>', '"'])('may be called %j', async (key) => {
    await add(key, 'old', { sensitive: false, policy: 'control_plane_only' });
    const href = /href="([^"]*\/config\/edit[^"]*)"/.exec(await show())?.[1]?.replaceAll('&amp;', '&') ?? '';
    const page = await text(visitor.get(href));
    expect(page).toContain('old</textarea>');
    await save(key, { value: 'new', access_policy: 'control_plane_only' });
    expect(await items()).toMatchObject([{ key, value: 'new' }]);
    const answer = await visitor.post(`/apps/${id}/config/delete`, { key });
    expect([answer.status, await items()]).toEqual([303, []]);
  });
});

describe('the download of an app', () => {
  it('is its sandbox’s files, and a page that says so where there is none', async () => {
    expect((await visitor.get(`/apps/${id}/download`)).status).toBe(404);
    expect(await text(visitor.get(`/apps/${id}`))).not.toContain('/download');
    await createAppSandbox(world.ports, 'default', id, {});
    expect(await text(visitor.get(`/apps/${id}`))).toContain(`href="/apps/${id}/download"`);
    const answer = await visitor.get(`/apps/${id}/download`);
    expect([answer.status, answer.headers.get('content-disposition')]).toEqual([
      200,
      'attachment; filename="Shop.zip"',
    ]);
    world.node.reachable = false;
    const away = await visitor.get(`/apps/${id}/download`);
    expect([away.status, await away.text()]).toEqual([503, expect.stringContaining('does not answer')]);
  });
});
