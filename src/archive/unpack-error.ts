/** An archive is damaged, or holds what must not be unpacked; the message names the entry by its path in the archive. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

const MAX_SHOWN = 200;

/** The name of an entry as people may see it. @param name each character one byte */
export function shown(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  const printable = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}');
  return `"${printable.length > MAX_SHOWN ? `${printable.slice(0, MAX_SHOWN)}…` : printable}"`;
}
