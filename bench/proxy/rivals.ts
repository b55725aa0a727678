import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Child, CORE, listening } from './child.ts';
import { type BenchRoute, hostOf } from './routes.ts';

/** Something that listens on a port and passes requests on to the upstream. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

export const isInstalled = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** One worker, no log, a hash from host to container, and a pool for each. */
export async function startNginx(
  directory: string,
  routes: readonly BenchRoute[],
  upstream: number,
): Promise<Contender> {
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  const pools = routes.map(
    ({ sandboxId, address }) =>
      `upstream ${sandboxId} { server ${address}:${upstream}; keepalive 8; keepalive_requests 1000000000; }`,
  );
  const hosts = routes.map(({ sandboxId }) => `${hostOf(sandboxId, upstream)} ${sandboxId};`);
  const config = `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; map_hash_max_size 65536; map_hash_bucket_size 256; keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  ${pools.join('\n  ')}
  map $host $container { ${hosts.join(' ')} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://$container; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; proxy_buffering off;
    }
  }
}
`;
  await writeFile(file, config);
  return contender('nginx', port, Child.start(CORE.measured, 'nginx', ['-c', file, '-e', 'stderr']));
}

/**
 * The address is in the host, so that one expression finds it: a route per sandbox, which is how Caddy would be used,
 * costs it far more.
 */
export async function startCaddy(directory: string, upstream: number): Promise<Contender> {
  const port = await freePort();
  const file = join(directory, 'Caddyfile');
  const config = `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}

http://*.preview.localhost:${port} {
	bind 127.0.0.1
	@sandbox header_regexp id Host ^s-\\w{20}(\\d{3})(\\d{3})-
	reverse_proxy @sandbox 127.0.{re.id.1}.{re.id.2}:${upstream}
}
`;
  await writeFile(file, config);
  const env = { GOMAXPROCS: '1', HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory };
  const args = ['run', '--config', file, '--adapter', 'caddyfile'];
  return contender('Caddy', port, Child.start(CORE.measured, 'caddy', args, env));
}

async function contender(name: string, port: number, child: Child): Promise<Contender> {
  await listening(port);
  return { name, port, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
