import { dirname } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

export interface Worker extends AsyncDisposable {
  /** Where it listens; without a path. */
  readonly origin: string;
  /** What it wrote on its console. */
  readonly logged: readonly string[];
  /** What the platform does when one of the times in wrangler.toml has come. Resolves when the Worker is done. */
  strike(cron: string): Promise<void>;
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
      handleStructuredLogs: ({ message }) => logged.push(message),
    }),
  );
  const { origin } = await miniflare.ready;
  const strike = async (cron: string): Promise<void> => {
    const worker = await miniflare.getWorker();
    await worker.scheduled({ cron });
  };
  return { origin, logged, strike, [Symbol.asyncDispose]: () => miniflare.dispose() };
}
