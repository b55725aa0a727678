import { dirname } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

export interface Worker extends AsyncDisposable {
  /** Where it listens; without a path. */
  readonly origin: string;
  /** What it wrote on its console. */
  readonly logged: readonly string[];
  /** Does what it does when this one of the times in wrangler.toml has come, now. */
  runScheduled(cron: string): Promise<void>;
}

/** Runs a bundle in workerd on loopback, with nothing of the platform around it. */
export async function startWorker(bundle: string, bindings: Record<string, string>): Promise<Worker> {
  const logged: string[] = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modulesRoot: dirname(bundle),
      modules: [{ type: 'ESModule', path: bundle }],
      compatibilityDate: '2026-11-01',
      bindings,
      cf: false,
      telemetry: { enabled: false },
      unsafeTriggerHandlers: true,
      handleStructuredLogs: ({ message }) => logged.push(message),
    }),
  );
  const { origin } = await miniflare.ready;
  return {
    origin,
    logged,
    runScheduled: async (cron) => {
      const answer = await fetch(`${origin}/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}`);
      const said = await answer.text();
      if (!answer.ok || said !== 'ok')
        throw new Error(`the scheduled handler failed: ${answer.status} ${said}`);
    },
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}
