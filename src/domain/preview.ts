import { parseId } from './ids.ts';

/** How previews are addressed from outside. */
export interface PreviewAddressing {
  /** Like `localhost` or `apps.example.com`; previews live below `preview.<domain>`. */
  readonly domain: string;
  /** The port visitors use, shown only when it is not the scheme's default. */
  readonly publicPort: number;
  readonly tls: boolean;
}

/** A preview host taken apart. */
export interface PreviewTarget {
  /** Canonical sandbox id. */
  readonly sandboxId: string;
  readonly port: number;
}

export const previewSuffix = (domain: string): string => `.preview.${domain.toLowerCase()}`;

export function authority(host: string, { publicPort, tls }: PreviewAddressing): string {
  return publicPort === (tls ? 443 : 80) ? host : `${host}:${publicPort}`;
}

/** The URL at which one port of one sandbox is served. */
export function previewUrl(addressing: PreviewAddressing, target: PreviewTarget): string {
  const host = `s-${target.sandboxId.toLowerCase()}-${target.port}${previewSuffix(addressing.domain)}`;
  return `${addressing.tls ? 'https' : 'http'}://${authority(host, addressing)}`;
}

/**
 * Reads a Host header, in any case, with or without a port or the root's dot. Undefined when it is not below `suffix`; null when it
 * is, and names no sandbox.
 * @param suffix of {@link previewSuffix}, computed once: this runs for every request
 */
export function parsePreviewHost(host: string, suffix: string): PreviewTarget | null | undefined {
  const name = host.replace(/\.?(?::\d{1,5})?$/, '').toLowerCase();
  if (!name.endsWith(suffix)) return undefined;
  const match = /^s-([0-9a-z]{26})-([1-9]\d{0,4})$/.exec(name.slice(0, -suffix.length));
  const sandboxId = match?.[1] === undefined ? undefined : parseId(match[1]);
  const port = Number(match?.[2]);
  return sandboxId === undefined || port > 65_535 ? null : { sandboxId, port };
}

/** What every preview's URL looks like, with a star for what differs. */
export const previewBase = (addressing: PreviewAddressing): string =>
  `${addressing.tls ? 'https' : 'http'}://${authority(`*${previewSuffix(addressing.domain)}`, addressing)}`;

/** The console's own URL, without a trailing slash. */
export const consoleUrl = (addressing: PreviewAddressing): string =>
  `${addressing.tls ? 'https' : 'http'}://${authority(`console.${addressing.domain}`, addressing)}`;
