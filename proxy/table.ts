import type { ProxyCommand, Route } from '../src/domain/routing.ts';
import type { Clocks } from './clocks.ts';
import { releaseAll, type Waiting } from './hold.ts';
import type { Limits } from './limits.ts';
import { Pool } from './pool.ts';
import { Meter } from './traffic.ts';

/** One sandbox as the proxy deals with it: its route, the connections of its present start, who waits for it. */
export class Place {
  readonly meter: Meter;
  readonly waiting: Waiting = new Map();
  /** When its waking was last asked for; undefined since its state changed. Monotonic milliseconds. */
  wakeAskedAt: number | undefined;
  /** When its state last changed. Monotonic milliseconds. */
  changedAt: number;
  readonly #limits: Limits;
  readonly #clocks: Clocks;
  readonly #pools = new Map<number, Pool>();
  #route: Route;

  constructor(route: Route, limits: Limits, clocks: Clocks) {
    this.#route = route;
    this.#limits = limits;
    this.#clocks = clocks;
    this.changedAt = clocks.monotonic();
    this.meter = new Meter(clocks.wall);
  }

  get route(): Route {
    return this.#route;
  }

  /** The connections to one port. Only while the route has an address. */
  pool(port: number): Pool {
    const present = this.#pools.get(port);
    if (present !== undefined) return present;
    const pool = new Pool({ host: this.#route.address ?? '', port }, this.#limits);
    this.#pools.set(port, pool);
    return pool;
  }

  update(route: Route): void {
    const before = this.#route;
    this.#route = route;
    if (!sameConnections(before, route)) this.#cut();
    // Failing again is news, though the state is the same: it answers whoever asked for another try.
    const same = before.state === route.state && before.generation === route.generation;
    if (same && route.state !== 'failed') return;
    this.wakeAskedAt = undefined;
    this.changedAt = this.#clocks.monotonic();
    releaseAll(this.waiting);
  }

  /** Its sandbox is gone: whoever waits finds that out, whoever is connected is cut. */
  remove(): void {
    this.#cut();
    releaseAll(this.waiting);
  }

  #cut(): void {
    for (const pool of this.#pools.values()) pool.destroy();
    this.#pools.clear();
  }
}

/**
 * Whether connections made under one route may go on under the next. Not into another start, whose address may be
 * somebody else's by now; not when there is nothing running; not when strangers may have made them and it is private
 * from now on.
 */
function sameConnections(before: Route, after: Route): boolean {
  return (
    before.generation === after.generation &&
    before.address === after.address &&
    after.address !== undefined &&
    (after.state === 'live' || after.state === 'paused') &&
    (before.visibility === 'private' || after.visibility === 'public')
  );
}

/** All sandboxes this proxy knows. A change is in force for the next request. */
export class RouteTable {
  readonly #places = new Map<string, Place>();
  readonly #limits: Limits;
  readonly #clocks: Clocks;

  constructor(limits: Limits, clocks: Clocks) {
    this.#limits = limits;
    this.#clocks = clocks;
  }

  find(sandboxId: string): Place | undefined {
    return this.#places.get(sandboxId);
  }

  get places(): ReadonlyMap<string, Place> {
    return this.#places;
  }

  apply(command: Exclude<ProxyCommand, { type: 'close' }>): void {
    if (command.type === 'route') this.#put(command.route);
    else if (command.type === 'remove') this.#remove(command.sandboxId);
    else this.#replace(command.routes);
  }

  /** Cuts every connection. */
  clear(): void {
    this.#replace([]);
  }

  #put(route: Route): void {
    const place = this.#places.get(route.sandboxId);
    if (place === undefined) this.#places.set(route.sandboxId, new Place(route, this.#limits, this.#clocks));
    else place.update(route);
  }

  #remove(sandboxId: string): void {
    const place = this.#places.get(sandboxId);
    this.#places.delete(sandboxId);
    place?.remove();
  }

  #replace(routes: readonly Route[]): void {
    const kept = new Set(routes.map((route) => route.sandboxId));
    for (const id of this.#places.keys()) if (!kept.has(id)) this.#remove(id);
    for (const route of routes) this.#put(route);
  }
}
