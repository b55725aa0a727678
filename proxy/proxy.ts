import { parsePreviewHost, previewSuffix } from '../src/domain/preview.ts';
import { importPreviewKey } from '../src/domain/preview-token.ts';
import type { ProxyCommand, ProxyOptions, Route, Traffic } from '../src/domain/routing.ts';
import { type AnswerContext, answer, CLOSING, NOT_FOUND } from './answer.ts';
import { type Clocks, SYSTEM_CLOCKS } from './clocks.ts';
import { consoleDestination, consoleRelay } from './console.ts';
import { forward, type Relay } from './exchange.ts';
import { HoldingArea } from './hold.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Previews } from './previews.ts';
import { PrivateAccess } from './private.ts';
import { requestHead } from './request-head.ts';
import { previewFields } from './response-fields.ts';
import { ClientServer } from './server.ts';
import { RouteTable } from './table.ts';
import type { Visit } from './visit.ts';
import { unanswered } from './warming.ts';

export interface ProxyListener {
  /** Somebody waits for this sandbox. */
  onWake(sandboxId: string): void;
  /** About once a second while there is anything to report. */
  onTraffic(traffic: readonly Traffic[]): void;
}

export interface ProxySettings {
  /** Known before the first request is taken. */
  readonly routes?: readonly Route[];
  readonly limits?: Partial<Limits>;
  readonly clocks?: Partial<Clocks>;
}

export interface PreviewProxy extends AsyncDisposable {
  readonly port: number;
  /** In force for the next request. */
  apply(command: Exclude<ProxyCommand, { type: 'close' }>): void;
}

/**
 * Opens the proxy on the calling thread. Disposing of it lets requests in flight end for a few seconds.
 * @throws the system's error when the address cannot be listened on; TypeError for a preview key that is too short
 */
export async function openProxy(
  options: ProxyOptions,
  listener: ProxyListener,
  settings: ProxySettings = {},
): Promise<PreviewProxy> {
  const limits = { ...LIMITS, ...settings.limits };
  const clocks = { ...SYSTEM_CLOCKS, ...settings.clocks };
  const framing = ['frame-ancestors', "'self'", ...options.consoleOrigins].join(' ');
  const context: AnswerContext = { framing, lingerMs: limits.lingerMs };
  const table = new RouteTable(limits, clocks);
  table.apply({ type: 'routes', routes: settings.routes ?? [] });
  const holding = new HoldingArea(limits);
  const access = new PrivateAccess(await importPreviewKey(options.previewKey), options.tls, clocks.wall);
  const previews = new Previews({
    table,
    holding,
    access,
    context,
    limits,
    holdLimitMs: options.holdLimitMs,
    tls: options.tls,
    monotonic: clocks.monotonic,
    relay: previewRelay(options, context, limits),
    onWake: (id) => listener.onWake(id),
  });
  const console = consoleDestination(options.consoleSocket, limits, clocks.wall);
  const toConsole = consoleRelay(options, context, limits);
  const suffix = previewSuffix(options.domain);
  const closing = new AbortController();

  const serve = (visit: Visit) => {
    const target = parsePreviewHost(visit.host, suffix);
    if (closing.signal.aborted) answer(visit, CLOSING, context);
    else if (target === undefined) forward(visit, console, toConsole);
    else if (target === null) answer(visit, NOT_FOUND, context);
    else previews.serve(visit, target);
  };
  const server = await ClientServer.listen({ ...options, context, limits, serve });
  const reporter = setInterval(() => report(table, listener, limits), limits.reportMs);
  return {
    port: server.port,
    apply: (command) => table.apply(command),
    async [Symbol.asyncDispose]() {
      closing.abort();
      holding.clear();
      await server.close();
      clearInterval(reporter);
      report(table, listener, limits);
      table.clear();
      console.pool.destroy();
    },
  };
}

function previewRelay({ tls }: ProxyOptions, context: AnswerContext, limits: Limits): Relay {
  return {
    headMs: limits.responseHeadMs,
    requestHead: (visit) => requestHead(visit, { tenant: true, tls }),
    responseFields: (head) => previewFields(head, context.framing),
    refuse: unanswered,
    context,
    limits,
  };
}

function report(table: RouteTable, listener: ProxyListener, { socketActiveMs }: Limits): void {
  const traffic: Traffic[] = [];
  for (const [sandboxId, { meter }] of table.places) {
    const moved = meter.report(sandboxId, socketActiveMs);
    if (moved !== undefined) traffic.push(moved);
  }
  if (traffic.length > 0) listener.onTraffic(traffic);
}
