/** One sandbox of the benchmark: a host, and a container of its own. */
export interface BenchRoute {
  readonly sandboxId: string;
  readonly address: string;
}

/**
 * As many sandboxes as are asked for (at most 10 000), always the same. Each has its own loopback address, as each
 * container has its own: no contender can share connections between them. The id ends in the address's last octets.
 */
export const benchRoutes = (count: number): BenchRoute[] =>
  Array.from({ length: count }, (_, i) => {
    const octets = [100 + Math.floor(i / 100), 100 + (i % 100)];
    return { sandboxId: `01JAXAMP1E0000000000${octets.join('')}`, address: `127.0.${octets.join('.')}` };
  });

export const hostOf = (sandboxId: string, port: number): string =>
  `s-${sandboxId.toLowerCase()}-${port}.preview.localhost`;
