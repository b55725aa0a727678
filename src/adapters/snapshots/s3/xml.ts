/**
 * The texts of all elements of this name, in order. Enough for a store's answers, whose elements of interest hold text alone; not a
 * parser for anything else.
 */
export const textsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => unescape(text ?? ''));

export const textOf = (xml: string, name: string): string | undefined => textsOf(xml, name)[0];

/** Some requests are answered 200 before they fail. */
export const isErrorAnswer = (text: string): boolean => /^\s*(?:<\?xml[^>]*\?>\s*)?<Error[\s>]/.test(text);

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescape = (text: string): string =>
  text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string) =>
    code === undefined ? (ENTITIES[name] ?? whole) : String.fromCodePoint(Number(code)),
  );

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
