import { MASK, type Mask, maskOf, SHORTEST_SECRET } from './mask.ts';

/** Takes secrets out of what is written for operators: those this process has met, and what looks like one of ours. */
export interface Redactor {
  text(text: string): string;
  /** Remembers a secret. The number of them is bounded: the newest are kept. */
  learn(secret: string): void;
  /** Remembers for good what this installation itself is configured with. */
  keep(secrets: readonly string[]): void;
}

/** Secrets that are masked together, and their length in all: a new one makes no more than that many be looked at anew. */
const BLOCK = { secrets: 64, characters: 32 * 1024 };
const MAX_BLOCKS = 8;
/** Characters of one secret that are looked for; its beginning tells that it is one. */
const MAX_LENGTH = 16 * 1024;

export function createRedactor(): Redactor {
  let blocks: readonly Block[] = [new Block()];
  const kept = new Set<string>();
  let ours: Mask = maskOf([]);
  return {
    text: (text) => {
      const known = blocks.reduce((masked, block) => block.mask.text(masked), ours.text(text));
      return withoutShapes(known);
    },
    learn: (secret) => {
      const known = secret.slice(0, MAX_LENGTH);
      if (known.length < SHORTEST_SECRET || blocks.some((block) => block.has(known))) return;
      if (blocks.at(-1)?.isFull ?? true) blocks = [...blocks.slice(1 - MAX_BLOCKS), new Block()];
      blocks.at(-1)?.add(known);
    },
    keep: (secrets) => {
      if (secrets.every((secret) => kept.has(secret))) return;
      for (const secret of secrets) kept.add(secret);
      ours = maskOf([...kept]);
    },
  };
}

class Block {
  readonly #secrets = new Set<string>();
  #characters = 0;
  #mask: Mask | undefined;

  get isFull(): boolean {
    return this.#secrets.size >= BLOCK.secrets || this.#characters >= BLOCK.characters;
  }

  /** Made when something is written: many secrets may be met between two lines of a log. */
  get mask(): Mask {
    this.#mask ??= maskOf([...this.#secrets]);
    return this.#mask;
  }

  has(secret: string): boolean {
    return this.#secrets.has(secret);
  }

  add(secret: string): void {
    this.#secrets.add(secret);
    this.#characters += secret.length;
    this.#mask = undefined;
  }
}

/** What stands before a secret, which stays, and the secret. */
const SHAPES: readonly RegExp[] = [
  // API tokens.
  /(\bsbx_)[\w-]{8,128}/g,
  // What webhooks are signed with.
  /(\bwhsec_)[\w+/=-]{8,128}/g,
  // Login links.
  /(\/login\/)[\w-]{16,128}/g,
  // Authorization, which no word of a sentence looks like; and what nodes and the API sign for each other.
  /(\b(?:Bearer|Basic)\s+)(?=[a-z]*[\d_+/=~-])[\w.~+/=-]{4,4096}/gi,
  /(\beyJ)[\w-]{8,4096}\.[\w-]{1,4096}\.[\w-]{0,4096}/g,
  // The console's sessions and the cookies of previews; both begin like this.
  /((?:__Host-)?sandboxd(?:_\w+)?=)[\w.~%+/-]{8,4096}/g,
  // A user and a password in an address.
  /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@'"<>]{1,512}(?=@)/gi,
  // A secret in a query.
  /([?&](?:\w{0,32}token|api_?key|secret|password)=)[^\s&'"#<>]{1,4096}/gi,
];

const withoutShapes = (text: string): string =>
  SHAPES.reduce((masked, shape) => masked.replace(shape, `$1${MASK}`), text);
