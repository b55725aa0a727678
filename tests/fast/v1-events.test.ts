import { beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/domain/auth.ts';
import type { Event } from '../../src/domain/event.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';
import { anEvent, newId } from '../fakes/rows.ts';

const TOKEN = 'fake-token-of-acme';
const [app, sandbox, task] = [newId(), newId(), newId()];

let world: ApiWorld;
const kept: Event[] = [];

beforeAll(async () => {
  world = apiWorld({ configuredTokens: new Map([[await hashSecret(TOKEN), 'acme']]) });
  const about: Partial<Event>[] = [
    { type: 'app.created', appId: app },
    { type: 'sandbox.started', appId: app, sandboxId: sandbox },
    { type: 'task.started', appId: app, sandboxId: sandbox, taskId: task },
    { type: 'task.completed', appId: app, sandboxId: sandbox, taskId: task },
    { type: 'settings.updated', payload: { keys: 'lifecycle.idle_reap_enabled' } },
  ];
  for (const fields of about) kept.push(anEvent({ owner: 'acme', id: newId(), ...fields }));
  const foreign = anEvent({ owner: 'rival', id: newId(), appId: app, message: 'Private.' });
  const all = [...kept, foreign];
  await world.ports.store.commit(...all.map((event) => ({ kind: 'event', event }) as const));
});

const read = async (query: string) => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await world.app.request(`/v1/events${query}`, { headers });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) as { events: Event[]; next_before?: string } };
};

const newest = (...indexes: number[]) => indexes.map((index) => kept[index]?.id);

describe('the timeline of an owner', () => {
  it.each([
    ['', [4, 3, 2, 1, 0]],
    ['?type=task.started', [2]],
    ['?type=task.started,settings.updated', [4, 2]],
    ['?type=task.started&type=app.created', [2, 0]],
    ['?type=webhook.created', []],
    [`?app_id=${app}`, [3, 2, 1, 0]],
    [`?app_id=${app.toLowerCase()}&type=task.completed`, [3]],
    [`?sandbox_id=${sandbox}`, [3, 2, 1]],
    [`?task_id=${task}`, [3, 2]],
    [`?task_id=${newId()}`, []],
  ])('answers %s newest first, and nothing of others', async (query, expected) => {
    const { status, text, body } = await read(query);
    expect(status).toBe(200);
    expect(body.events.map(({ id }) => id)).toEqual(newest(...expected));
    expect(text).not.toContain('Private');
  });

  it('is read page by page, each event once', async () => {
    const seen: string[] = [];
    let query = '?limit=2';
    for (let pages = 0; pages < 3; pages += 1) {
      const { body } = await read(query);
      seen.push(...body.events.map(({ id }) => id));
      query = `?limit=2&before=${body.next_before}`;
      expect(body.next_before === undefined).toBe(pages === 2);
    }
    expect(seen).toEqual(newest(4, 3, 2, 1, 0));
  });

  it.each([
    ['?type=task.begun', 'type: give types of events, with commas between. There are app.created, '],
    ['?type=', 'type: give types of events'],
    ['?type=task.started,nope', 'type: give types of events'],
    ['?app_id=mine', 'app_id: is no id'],
    ['?sandbox_id=', 'sandbox_id: is no id'],
    ['?task_id=1', 'task_id: is no id'],
    ['?before=yesterday', 'before: '],
    ['?limit=0', 'limit: '],
  ])('refuses %s and says why', async (query, message) => {
    const { status, text } = await read(query);
    expect(status).toBe(400);
    expect(text).toContain(message);
  });
});
