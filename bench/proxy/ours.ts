import { openProxy } from '../../proxy/proxy.ts';
import { liveRoute, proxyOptions } from '../../proxy/testing/harness.ts';
import { benchRoutes } from './routes.ts';

/** Our proxy alone in a process, as it is alone in its worker. Arguments: the upstream's port, the number of routes. */
const [upstream = 0, count = 0] = process.argv.slice(2).map(Number);
const proxy = await openProxy(proxyOptions(), { onWake: () => undefined, onTraffic: () => undefined });
const routes = benchRoutes(count).map((route) => liveRoute([upstream], route));
proxy.apply({ type: 'routes', routes });
console.log(proxy.port);
process.on('SIGTERM', () => process.exit());
