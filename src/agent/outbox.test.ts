import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Draft, Outbox } from './outbox.ts';

const draft = (message: string): Draft => ({
  at: 1,
  sandboxId: '01JSANDBOX0000000000000000',
  type: 'sandbox.started',
  severity: 'info',
  message,
});

const numbers = (outbox: Outbox) => outbox.pending().map(({ seq, message }) => `${seq} ${message}`);

describe('the outbox', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'outbox-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('numbers reports without gaps, also those that come at once', async () => {
    const outbox = await Outbox.open(directory);
    await Promise.all(['a', 'b', 'c'].map((name) => outbox.add(name, draft(name))));
    expect(numbers(outbox)).toEqual(['1 a', '2 b', '3 c']);
  });

  it('goes on where it was when it is opened again', async () => {
    const first = await Outbox.open(directory);
    await first.add('a', draft('a'));
    await first.add('b', draft('b'));
    await first.acknowledge(1);
    const second = await Outbox.open(directory);
    await second.add('c', draft('c'));
    expect(numbers(second)).toEqual(['2 b', '3 c']);
  });

  it('goes on counting when everything was acknowledged', async () => {
    const first = await Outbox.open(directory);
    await first.add('a', draft('a'));
    await first.acknowledge(1);
    const second = await Outbox.open(directory);
    await second.add('b', draft('b'));
    expect(numbers(second)).toEqual(['2 b']);
  });

  it('counts on above what the API holds, also when that is more than it knows of', async () => {
    const outbox = await Outbox.open(directory);
    await outbox.add('a', draft('a'));
    await outbox.acknowledge(40);
    await outbox.acknowledge(7);
    await outbox.add('b', draft('b'));
    expect(numbers(outbox)).toEqual(['41 b']);
    expect(numbers(await Outbox.open(directory))).toEqual(['41 b']);
  });

  it('takes one and the same report once, pending or gone, before and after a restart', async () => {
    const first = await Outbox.open(directory);
    await first.add('a', draft('a'));
    await first.add('a', draft('a'));
    expect(numbers(first)).toEqual(['1 a']);
    await first.acknowledge(1);
    await first.add('a', draft('a'));
    const second = await Outbox.open(directory);
    await second.add('a', draft('a'));
    expect(second.pending()).toEqual([]);
  });

  it('forgets what was acknowledged even when the files could not be removed any more', async () => {
    const first = await Outbox.open(directory);
    await first.add('a', draft('a'));
    await writeFile(join(directory, 'acknowledged.json'), JSON.stringify({ seq: 1, keys: ['a'] }));
    const second = await Outbox.open(directory);
    expect(second.pending()).toEqual([]);
  });

  it('clears away what a crash left half-written', async () => {
    await writeFile(join(directory, '1.json.x.tmp'), '{"half');
    const outbox = await Outbox.open(directory);
    expect(outbox.pending()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });
});
