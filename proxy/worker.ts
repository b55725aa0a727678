import { parentPort, workerData } from 'node:worker_threads';
import type { ProxyCommand, ProxyNotice, ProxyOptions, Route } from '../src/domain/routing.ts';
import { openProxy, type PreviewProxy } from './proxy.ts';

/** What the worker is given at birth: a worker that replaces a fallen one knows every route before it listens. */
export interface WorkerInput {
  readonly options: ProxyOptions;
  readonly routes: readonly Route[];
}

if (parentPort === null) throw new Error('This module is the entry of a worker: start it with startProxy().');
const port = parentPort;
const { options, routes } = workerData as WorkerInput;
const tell = (notice: ProxyNotice): void => port.postMessage(notice);

try {
  const proxy = await openProxy(
    options,
    {
      onWake: (sandboxId) => tell({ type: 'wake', sandboxId }),
      onTraffic: (traffic) => tell({ type: 'traffic', traffic }),
    },
    { routes },
  );
  port.on('message', (command: ProxyCommand) => obey(proxy, command));
  tell({ type: 'listening', port: proxy.port });
} catch (error) {
  tell({ type: 'unable', code: (error as NodeJS.ErrnoException).code ?? String(error) });
  port.close();
}

function obey(proxy: PreviewProxy, command: ProxyCommand): void {
  if (command.type === 'close') void close(proxy);
  else proxy.apply(command);
}

async function close(proxy: PreviewProxy): Promise<void> {
  await proxy[Symbol.asyncDispose]();
  port.close();
}
