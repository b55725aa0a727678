import { startProxy } from '../../proxy/start.ts';
import { liveRoute, proxyOptions } from '../../proxy/testing/harness.ts';
import { sandboxIds } from './routes.ts';

/** Our proxy in its worker, as the agent starts it. Arguments: the upstream's port, the number of routes. */
const [upstream = 0, count = 0] = process.argv.slice(2).map(Number);
const proxy = await startProxy(proxyOptions(), {
  onWake: () => undefined,
  onTraffic: () => undefined,
  log: (message) => console.error(message),
});
const routes = sandboxIds(count).map((sandboxId) => liveRoute([upstream], { sandboxId }));
proxy.send({ type: 'routes', routes });
console.log(proxy.port);
process.on('SIGTERM', () => process.exit());
