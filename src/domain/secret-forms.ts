/** Characters. A shorter line of a secret, like a bracket or `EOF`, stands in other texts as well. */
const SHORTEST_LINE = 8;
/** Characters a line, of the tools that write base64: PEM's and MIME's. */
const WRAPPED_AT = [64, 76] as const;
/** Characters. What is shorter of a wrapped line is no more than the end of one. */
const SHORTEST_WRAPPED = 16;

/**
 * Every way a secret is looked for, its bytes as one character each: as it is, line by line where it has several, and
 * in the encodings that programs put values in without thinking of it.
 */
export const formsOf = (secret: string): readonly string[] => textsOf(secret).flatMap(encodingsOf);

/** The same without encodings. */
export const plainForms = (secret: string): readonly string[] => textsOf(secret).map(bytesOf);

function textsOf(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim());
  const parts = lines.length === 1 ? [] : lines.filter((line) => line.length >= SHORTEST_LINE);
  return [secret, ...parts].map((text) => text.toWellFormed());
}

function encodingsOf(text: string): string[] {
  const escaped = [uriEscaped(text), formEscaped(text)].flatMap((one) => [one, withSmallHex(one)]);
  const json = jsonEscaped(text);
  const written = [text, json, jsonEscaped(json), asciiOnly(json), ...escaped];
  return [...written.map(bytesOf), ...base64Of(bytesOf(text))];
}

/** One character for each byte of its UTF-8. */
const bytesOf = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');

const uriEscaped = encodeURIComponent;

const formEscaped = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

const withSmallHex = (escaped: string): string =>
  escaped.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** As Python and PHP write JSON. */
const asciiOnly = (json: string): string =>
  json.replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Alone, wrapped into lines, and in the middle of something else; in either alphabet. */
function base64Of(bytes: string): string[] {
  const alone = btoa(bytes);
  const wrapped = WRAPPED_AT.filter((width) => alone.length > width).flatMap(
    (width) => alone.match(new RegExp(`.{${SHORTEST_WRAPPED},${width}}`, 'g')) ?? [],
  );
  const all = [
    alone,
    alone.replace(/=+$/, ''),
    ...[0, 1, 2].map((before) => withinBase64(bytes, before)),
    ...wrapped,
  ];
  return [...all, ...all.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}

/**
 * The characters that are sure, whatever stands before and after it.
 * @param before how many bytes of a group of three are somebody else's
 */
function withinBase64(bytes: string, before: number): string {
  const whole = btoa('\0'.repeat(before) + bytes);
  return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}
