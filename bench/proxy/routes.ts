/** Ids of as many sandboxes as are asked for, always the same. */
export const sandboxIds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `01JAXAMP1E${String(i).padStart(16, '0')}`);

export const hostOf = (sandboxId: string, port: number): string =>
  `s-${sandboxId.toLowerCase()}-${port}.preview.localhost`;
