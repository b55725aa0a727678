/** Something that may be shown to nobody, under a name that a failing test may print. */
export interface Secret {
  readonly name: string;
  readonly value: string;
  /** What it stands for, where that is bytes which are no text. */
  readonly bytes?: Uint8Array;
}

export interface Needle {
  readonly secret: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Characters. A shorter line of a secret stands in other texts as well. */
const SHORTEST_LINE = 12;

/**
 * Every form a secret is looked for in. Written apart from the product's own masks, which are to be tested by it: what
 * those forget is found here.
 */
export function needlesOf(secrets: readonly Secret[]): Needle[] {
  const all = secrets.flatMap(({ name: secret, value, bytes }) => [
    ...linesOf(value).flatMap((line) => formsOf(secret, line)),
    ...(bytes === undefined ? [] : base64Forms(secret, Buffer.from(bytes))),
  ]);
  const known = new Map<string, Needle>();
  for (const needle of all) {
    const key = `${needle.secret} ${needle.bytes.toString('hex')}`;
    // Most texts are the same in several forms: the first says it best.
    if (!known.has(key)) known.set(key, needle);
  }
  return [...known.values()];
}

const linesOf = (value: string): string[] => [
  value.trim(),
  ...value.split('\n').filter((line) => line.length >= SHORTEST_LINE && line !== value),
];

function formsOf(secret: string, text: string): Needle[] {
  const upper = encodeURIComponent(text);
  const json = JSON.stringify(text).slice(1, -1);
  const written: Readonly<Record<string, string>> = {
    plain: text,
    'URL-encoded': upper,
    'url-encoded': lowerHex(upper),
    'form-encoded': upper.replaceAll('%20', '+'),
    'as JSON': json,
    'as ASCII JSON': json.replaceAll(
      /[^ -~]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
    'as HTML': html(text, '&#39;'),
    'as other HTML': html(text, '&#x27;'),
  };
  const plain = Object.entries(written).map(([form, one]) => ({ secret, form, bytes: Buffer.from(one) }));
  return [...plain, ...base64Forms(secret, Buffer.from(text))];
}

const lowerHex = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

const html = (text: string, apostrophe: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", apostrophe);

/** At all three alignments, in both alphabets: the characters that no neighbour has a say in. */
function base64Forms(secret: string, bytes: Buffer): Needle[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((whole.length * 8) / 6)];
    return (['base64', 'base64url'] as const).map((alphabet) => ({
      secret,
      form: `${alphabet}, ${before} before`,
      bytes: Buffer.from(whole.toString(alphabet).slice(from, to)),
    }));
  });
}
