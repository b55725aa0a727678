import { describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import type { SandboxOrder } from '../../src/domain/node.ts';
import { FakeNode } from '../fakes/fake-node.ts';

const ORDER: SandboxOrder = {
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  generation: 1,
  revision: 1,
  desired: 'running',
  template: 'react-standard',
  preset: 'react-vite',
  ports: [3000],
  visibility: 'public',
  idlePolicy: 'sleep',
};
const { id } = ORDER;
const bytes = (text: string) => new TextEncoder().encode(text);
const newNode = () => new FakeNode(() => 1_000);

describe('the fake node', () => {
  it('carries out an order once, however often it comes', async () => {
    const node = newNode();
    const first = await node.apply(ORDER);
    expect(await node.apply(ORDER)).toEqual(first);
    expect(first.observations).toMatchObject([{ id, generation: 1, state: 'running' }]);
    expect(first.reports.map(({ seq, type }) => [seq, type])).toEqual([[1, 'sandbox.started']]);
  });

  it('is not moved by an order that comes late', async () => {
    const node = newNode();
    await node.apply(ORDER);
    await node.apply({ ...ORDER, generation: 2, desired: 'stopped' });
    const late = await node.apply(ORDER);
    expect(late.observations).toMatchObject([{ generation: 2, state: 'stopped' }]);
  });

  it('confirms a deletion, of what it never had too', async () => {
    const node = newNode();
    await node.apply(ORDER);
    const order = { ...ORDER, generation: 2, desired: 'absent' } as const;
    expect((await node.apply(order)).observations).toMatchObject([{ id, state: 'absent' }]);
    expect((await newNode().apply(order)).observations).toMatchObject([{ id, state: 'absent' }]);
    expect(await node.observe([id])).toEqual([]);
  });

  it('repeats its reports until they are acknowledged', async () => {
    const node = newNode();
    await node.apply(ORDER);
    const { reports } = await node.apply({ ...ORDER, generation: 2, desired: 'stopped' });
    expect(reports.map(({ seq }) => seq)).toEqual([1, 2]);
    node.acknowledge(1);
    expect(node.hears().reports.map(({ seq }) => seq)).toEqual([2]);
  });

  it('fails as told, once, and changes nothing then', async () => {
    const node = newNode();
    node.failure = new SandboxdError('sandbox_capacity', 'No room.');
    await expect(node.apply(ORDER)).rejects.toMatchObject({ code: 'sandbox_capacity' });
    expect(await node.observe([id])).toEqual([]);
    expect((await node.apply(ORDER)).observations).toMatchObject([{ state: 'running' }]);
  });

  it('is out of reach as told', async () => {
    const node = newNode();
    node.reachable = false;
    for (const attempt of [() => node.apply(ORDER), () => node.observe([id]), () => node.ping()]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'node_unavailable' });
    }
  });

  it('keeps files over a stop, and refuses what a disk would', async () => {
    const node = newNode();
    await node.apply(ORDER);
    const files = node.files(id);
    await files.write({ path: 'src/App.tsx', root: 'app', append: false }, bytes('one'));
    await files.write({ path: 'node_modules/x/index.js', root: 'app', append: false }, bytes('x'));
    await node.apply({ ...ORDER, generation: 2, desired: 'stopped' });
    await files.write({ path: 'src/App.tsx', root: 'app', append: true }, bytes(' two'));
    expect(new TextDecoder().decode(await node.files(id).read({ path: 'src/App.tsx', root: 'app' }))).toBe(
      'one two',
    );
    expect((await files.list({ path: '', root: 'app', recursive: true })).entries).toEqual([
      { path: 'src', type: 'directory' },
      { path: 'src/App.tsx', type: 'file', size: 7 },
    ]);
    await expect(
      files.write({ path: 'src/App.tsx/x', root: 'app', append: false }, bytes('')),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(files.read({ path: 'nothing', root: 'app' })).rejects.toMatchObject({ code: 'not_found' });
  });
});
