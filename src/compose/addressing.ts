import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Config } from '../config.ts';
import { authority, type PreviewAddressing } from '../domain/preview.ts';

/** A port nobody uses right now: URLs are made before the listener is, and must name it. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** How visitors reach this installation. @param port the one listened on */
export const addressingOf = (config: Config, port: number): PreviewAddressing => ({
  domain: config.domain,
  publicPort: config.publicPort ?? port,
  tls: config.previewTls,
});

/** The origins the console is opened at: those may frame a preview. */
export function consoleOrigins(config: Config, addressing: PreviewAddressing): string[] {
  const hosts = [`console.${config.domain}`, config.domain];
  if (!addressing.tls) hosts.push('127.0.0.1', 'localhost');
  const scheme = addressing.tls ? 'https' : 'http';
  return [...new Set(hosts)].map((host) => `${scheme}://${authority(host, addressing)}`);
}
