const LONGEST = 100;

/**
 * The header that has a browser save an answer as a file named after something, whatever that is called: in plain letters
 * for programs that know no others, and as it is.
 * @param name may be anything
 * @param extension with its dot
 */
export function attachment(name: string, extension: string): string {
  const plain = `${plainName(name)}${extension}`;
  const whole = `${safeName(name)}${extension}`;
  return whole === plain
    ? `attachment; filename="${plain}"`
    : `attachment; filename="${plain}"; filename*=UTF-8''${encoded(whole)}`;
}

const plainName = (name: string): string =>
  trimmed(
    name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^A-Za-z0-9._ -]+/g, '-'),
  );

/** Letters of any script; nothing that a file system, or a reader from right to left, takes for something else. */
const safeName = (name: string): string =>
  trimmed(name.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{N}._ -]+/gu, '-'));

/** No file that is hidden, and none without a name. */
function trimmed(name: string): string {
  const short = Array.from(name).slice(0, LONGEST).join('');
  return short.replaceAll(/^[. -]+|[. -]+$/g, '') || 'app';
}

/** Also what the standard's own function leaves as it is. */
const encoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
