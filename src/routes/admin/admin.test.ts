import { expect, it } from 'vitest';
import { apiWorld } from '../../../tests/fakes/api-world.ts';
import { type AdminActions, createAdminApp } from './index.ts';

const never = () => {
  throw new Error('Nobody asked for that.');
};

function admin(actions: Partial<AdminActions>) {
  return createAdminApp(apiWorld().ports, {
    pid: 1,
    shutDown: never,
    backup: never,
    collectGarbage: never,
    rotateSecrets: never,
    ...actions,
  });
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

it('hands out a backup as it is made, with the keys that came sealed', async () => {
  let given: string | undefined;
  const app = admin({
    backup: (keys) => {
      given = keys;
      return new Blob(['a backup']).stream();
    },
  });
  const answer = await app.request('/admin/backup', post({ keys: 'sealed' }));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-tar']);
  expect(await answer.text()).toBe('a backup');
  expect(given).toBe('sealed');
});

it('collects garbage as it is told', async () => {
  const app = admin({
    collectGarbage: async ({ dryRun, trash }) => ({
      items: [{ kind: 'trash', name: `${dryRun} ${trash}`, outcome: 'shown' }],
      failures: [],
    }),
  });
  const answer = await app.request('/admin/gc', post({ dryRun: true, trash: false }));
  expect(await answer.json()).toMatchObject({ items: [{ name: 'true false' }] });
});

it.each([
  ['/admin/backup', { keys: 1 }, 'keys: must be a string'],
  ['/admin/gc', {}, 'dryRun'],
  ['/admin/gc', { dryRun: 'yes', trash: false }, 'dryRun: must be true or false'],
])('refuses %s with %j', async (path, body, says) => {
  const answer = await admin({}).request(path, post(body));
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain(says);
});
