import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { CaptureOrder, NodeSnapshots } from '../../src/domain/capture.ts';
import type { NodeReport, SandboxObservation, SyncAnswer, SyncRequest } from '../../src/domain/node.ts';
import { makeRemains, type Remains, startWorld, type World, type WorldOptions } from './world.ts';

export const SNAPSHOT = '01JSNAP0000000000000000001';
export const OTHER = '01JSNAP0000000000000000002';

const PAGE = { path: 'page.txt', root: 'app' } as const;

/** A node with one sandbox that runs, with one file in it, and everything that the node tells the API. */
export class SnapshotBench implements AsyncDisposable {
  readonly remains: Remains & AsyncDisposable;
  world: World;
  sandbox = '';
  /** Every report the API was told, by its number. */
  readonly told = new Map<number, NodeReport>();
  readonly heard: SyncRequest[] = [];
  /** What the API orders in the place of what it would. */
  orders: Partial<SyncAnswer> = {};
  readonly #options: WorldOptions;

  private constructor(remains: Remains & AsyncDisposable, world: World, options: WorldOptions) {
    this.remains = remains;
    this.world = world;
    this.#options = options;
  }

  static async make(more: WorldOptions = {}): Promise<SnapshotBench> {
    const remains = await makeRemains();
    const options: WorldOptions = {
      ...more,
      onExchange: (request, answer) => bench.#hear(request, answer),
    };
    const bench = new SnapshotBench(remains, await startWorld(remains, options), options);
    const app = await bench.world.request('POST', '/v1/apps', { body: { name: 'An app' } });
    const { id } = (await app.json()) as { id: string };
    const made = await bench.world.request('POST', `/v1/apps/${id}/sandbox`);
    bench.sandbox = ((await made.json()) as { id: string }).id;
    await bench.write('one');
    return bench;
  }

  get agent() {
    return this.world.running.agent;
  }

  get snapshots() {
    return this.agent.snapshots;
  }

  /** The same over the channel. */
  async client(): Promise<NodeSnapshots> {
    const { nodes } = this.world.ports;
    return nodes.client(await nodes.place()).snapshots;
  }

  order(more: Partial<CaptureOrder> = {}): CaptureOrder {
    return { id: SNAPSHOT, sandboxId: this.sandbox, live: false, ...more };
  }

  write(text: string): Promise<void> {
    return this.remains.workspaces.files(this.sandbox).write({ ...PAGE, append: false }, Buffer.from(text));
  }

  async read(sandbox = this.sandbox): Promise<string> {
    return Buffer.from(await this.remains.workspaces.files(sandbox).read(PAGE)).toString();
  }

  stop(): Promise<Response> {
    return this.world.request('POST', `/v1/sandboxes/${this.sandbox}/stop`);
  }

  async seen(sandbox = this.sandbox): Promise<SandboxObservation | undefined> {
    return (await this.agent.observe([sandbox]))[0];
  }

  async state(sandbox = this.sandbox): Promise<string> {
    return (await this.remains.engine.inspect(sandbox)).state;
  }

  records(): Promise<string[]> {
    return readdir(join(this.remains.directory, 'captures'));
  }

  endsOf(id: string): NodeReport[] {
    return [...this.told.values()].filter(({ snapshotId }) => snapshotId === id);
  }

  happened(type: string): NodeReport[] {
    return [...this.told.values()].filter((report) => report.type === type);
  }

  /** What the API was told of the end of a capture: once. */
  async end(id = SNAPSHOT): Promise<NodeReport | undefined> {
    await vi.waitUntil(
      async () => this.endsOf(id).length > 0 && !(await this.records()).includes(`${id}.json`),
      { timeout: 15_000, interval: 20 },
    );
    const [end, ...more] = this.endsOf(id);
    if (more.length > 0) throw new Error('The API was told of the end more than once.');
    return end;
  }

  /** Lets copies begin, and not end before they may. */
  hold(): { begun: Promise<void>; go: () => void } {
    const { workspaces } = this.remains;
    const [begun, may] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    workspaces.onArchive = async () => {
      begun.resolve();
      await may.promise;
    };
    const go = () => {
      workspaces.onArchive = () => undefined;
      may.resolve();
    };
    return { begun: begun.promise, go };
  }

  /** Keeps the sandbox's lock, so that what is asked for waits its turn, until let go. */
  occupy(sandbox = this.sandbox): () => Promise<void> {
    const turn = Promise.withResolvers<void>();
    const busy = this.agent.exclusively(sandbox, () => turn.promise);
    return () => {
      turn.resolve();
      return busy;
    };
  }

  async leave(): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }

  async enter(): Promise<void> {
    this.world = await startWorld(this.remains, this.#options);
  }

  async restart(): Promise<void> {
    await this.leave();
    await this.enter();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.remains[Symbol.asyncDispose]();
  }

  #hear(request: SyncRequest, answer: SyncAnswer): SyncAnswer {
    this.heard.push(request);
    for (const report of request.reports) this.told.set(report.seq, report);
    return { ...answer, ...this.orders };
  }
}
