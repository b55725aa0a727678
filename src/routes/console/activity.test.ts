import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { anEvent } from '../../../tests/fakes/rows.ts';
import { signedInVisitor, stranger, type Visitor } from '../../../tests/fakes/visitor.ts';
import { createApp, deleteApp } from '../../domain/app-commands.ts';
import type { App } from '../../domain/app.ts';
import type { Event } from '../../domain/event.ts';

const HOSTILE = `<img src=x onerror=alert(1)>`;

let world: ApiWorld;
let visitor: Visitor;
beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world);
});

const text = async (path: string) => (await visitor.get(path)).text();

const newApp = (name: string, owner = 'default'): Promise<App> =>
  createApp(world.ports, owner, { name, description: '', tags: [] });

async function happened(fields: Partial<Event>): Promise<void> {
  const { newId, clock, store } = world.ports;
  const event = anEvent({ id: newId(), owner: 'default', createdAt: clock(), ...fields });
  await store.commit({ kind: 'event', event });
}

describe('the activity page', () => {
  it('says that nothing has happened yet', async () => {
    expect(await text('/activity')).toContain('Nothing has happened yet.');
  });

  it('tells everything newest first, each with its app, and nothing of others', async () => {
    const app = await newApp('Shop');
    await newApp('Secret plan', 'rival');
    await happened({ type: 'sandbox.started', message: 'The sandbox was started.', appId: app.id });
    await happened({ type: 'settings.updated', message: 'Settings were changed.' });
    const page = await text('/activity');
    const places = ['Settings were changed.', 'The sandbox was started.', 'was created.'].map((said) =>
      page.indexOf(said),
    );
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(page.match(new RegExp(`href="/apps/${app.id}"`, 'g'))).toHaveLength(2);
    expect(page).not.toContain('Secret plan');
  });

  it('links no app that is gone', async () => {
    const app = await newApp('Shop');
    await deleteApp(world.ports, 'default', app.id);
    const page = await text('/activity');
    expect(page).toContain('was deleted.');
    expect(page).not.toContain(`/apps/${app.id}`);
  });

  it('shows one kind alone, and says which', async () => {
    await newApp('Shop');
    await happened({ type: 'api_key.created', message: 'A key was made.' });
    const page = await text('/activity?kind=access');
    expect(page).toContain('A key was made.');
    expect(page).not.toContain('was created.');
    expect(page).toContain('href="/activity?kind=access" aria-current="true"');
    expect((await visitor.get('/activity?kind=nonsense')).status).toBe(400);
  });

  it('pages through everything, each event once, within the kind that was chosen', async () => {
    for (let n = 0; n < 120; n += 1) {
      await happened({ type: n % 2 === 0 ? 'task.started' : 'app.updated', message: `Number ${n}.` });
    }
    const seen: string[] = [];
    let path: string | undefined = '/activity?kind=tasks';
    for (let pages = 0; path !== undefined; pages += 1) {
      expect(pages).toBeLessThan(3);
      const page = await text(path);
      seen.push(...(page.match(/Number \d+\./g) ?? []));
      path = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
      expect(page.includes('href="/activity?kind=tasks">Newest')).toBe(pages > 0);
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, n) => `Number ${118 - 2 * n}.`));
  });

  it('shows hostile names as they are', async () => {
    const app = await newApp(HOSTILE);
    await happened({ type: 'task.started', appId: app.id, message: HOSTILE });
    expect(await text('/activity')).not.toContain('<img src=x');
  });

  it('is for who is signed in, and is in the header of every page then', async () => {
    const answer = await stranger(world).get('/activity?kind=tasks');
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      '/login?next=%2Factivity%3Fkind%3Dtasks',
    ]);
    expect(await text('/')).toContain('<a class="topnav-link" href="/activity">');
  });
});
