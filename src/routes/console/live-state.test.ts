import { describe, expect, it } from 'vitest';
import type { SandboxObservation } from '../../domain/node.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import { type LiveState, liveState } from './live-state.ts';
import { stageOf } from './stage.ts';

const sandbox: Sandbox = {
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  owner: 'acme',
  nodeId: '01ARZ3NDEKTSV4RRFFQ69G5FAW',
  template: 'react-standard',
  ports: [3000],
  visibility: 'public',
  idlePolicy: 'sleep',
  desired: 'running',
  generation: 3,
  revision: 3,
  status: 'running',
  paused: false,
  createdAt: 0,
  updatedAt: 0,
};
const seen: SandboxObservation = {
  id: sandbox.id,
  generation: 3,
  state: 'running',
  preview: { status: 'ready' },
  processes: [],
  awakeBecause: [],
};

const process = (kind: 'web' | 'worker') => (abandoned: boolean) => ({
  name: kind,
  kind,
  running: !abandoned,
  restarts: abandoned ? 4 : 0,
  abandoned,
});
const web = process('web');
const worker = process('worker');

const trying = { name: 'web', kind: 'web', running: false, restarts: 2, abandoned: false } as const;

type Row = [
  what: string,
  row: Partial<Sandbox>,
  node: Partial<SandboxObservation> | undefined,
  is: LiveState,
];

const ROWS: Row[] = [
  ['its page answers', {}, {}, 'serving'],
  ['it has only workers', {}, { preview: { status: 'none' } }, 'working'],
  ['it has only workers and still boots', {}, { preview: { status: 'none' }, phase: 'seeding' }, 'starting'],
  ['its page is to come', {}, { preview: { status: 'starting' } }, 'starting'],
  ['its page is down', {}, { preview: { status: 'down' } }, 'failing'],
  ['it does not compile', {}, { preview: { status: 'error' } }, 'unbuilt'],
  [
    'its web process was given up',
    {},
    { preview: { status: 'starting' }, processes: [web(true)] },
    'crashed',
  ],
  ['it never answered', {}, { phase: 'starting', preview: { status: 'down' } }, 'failing'],
  ['it was given up before it was up', {}, { phase: 'starting', processes: [web(true)] }, 'crashed'],
  ['only a worker was given up', {}, { processes: [web(false), worker(true)] }, 'serving'],
  ['all it has was given up', {}, { preview: { status: 'none' }, processes: [worker(true)] }, 'crashed'],
  [
    'its web process crashed and is between two tries',
    {},
    { preview: { status: 'down' }, processes: [trying] },
    'restarting',
  ],
  [
    'it is between two tries before it was up',
    {},
    { phase: 'starting', preview: { status: 'starting' }, processes: [trying] },
    'restarting',
  ],
  [
    'a worker is between two tries',
    {},
    { processes: [web(false), { ...trying, kind: 'worker' }] },
    'serving',
  ],
  ['a crashed one is being restarted', { generation: 4 }, { processes: [web(true)] }, 'starting'],
  ['it is frozen', {}, { state: 'paused' }, 'paused'],
  ['it fell asleep by itself', {}, { state: 'stopped' }, 'stopped'],
  ['it woke by itself', { status: 'stopped', desired: 'stopped' }, {}, 'serving'],
  ['it failed', {}, { state: 'error' }, 'error'],
  ['a first start is under way', { status: 'creating' }, { generation: 0, state: 'creating' }, 'starting'],
  ['a start is under way', { status: 'stopped' }, { generation: 2, state: 'stopped' }, 'starting'],
  ['a stop is under way', { desired: 'stopped' }, { generation: 2 }, 'stopping'],
  ['a stop changes nothing', { desired: 'stopped' }, { generation: 2, state: 'stopped' }, 'stopped'],
  ['it ran and its node is away', {}, undefined, 'unknown'],
  ['it slept and its node is away', { status: 'stopped', desired: 'stopped' }, undefined, 'stopped'],
  ['a start waits for its node', { status: 'stopped' }, undefined, 'starting'],
  ['a stop waits for its node', { desired: 'stopped' }, undefined, 'stopping'],
  ['a create waits for its node', { status: 'creating' }, undefined, 'starting'],
  ['it failed and its node is away', { status: 'error' }, undefined, 'error'],
];

const viewOf = (row: Partial<Sandbox>, node: Partial<SandboxObservation> | undefined) => ({
  sandbox: { ...sandbox, ...row },
  seen: node === undefined ? undefined : { ...seen, ...node },
});

describe('what the console says of a sandbox', () => {
  it.each(ROWS)('when %s', (_, row, node, expected) => {
    expect(liveState(viewOf(row, node))).toBe(expected);
  });

  it('is that there is none', () => {
    expect(liveState(undefined)).toBe('none');
  });

  it('never frames one that sleeps, fails or is out of reach: the frame would wake it, or show nothing', () => {
    const framed = ROWS.filter(([, row, node, state]) => {
      return (
        stageOf(state, viewOf(row, node), { previewHref: 'http://s-x.preview.localhost' })?.kind === 'frame'
      );
    }).map(([, , , state]) => state);
    expect(new Set(framed)).toEqual(new Set(['serving', 'paused']));
  });

  it('shows the steps of a boot, those behind it done', () => {
    const stage = stageOf('starting', viewOf({}, { phase: 'installing' }), {});
    expect(stage?.kind === 'steps' && stage.steps.map(({ state }) => state)).toEqual([
      'done',
      'active',
      'todo',
      'todo',
    ]);
  });
});
