import type { Clock } from '../src/domain/ids.ts';
import type { PreviewTarget } from '../src/domain/preview.ts';
import { verifyPreviewToken } from '../src/domain/preview-token.ts';
import type { Answer } from './answer.ts';
import { cookieValues } from './secrets.ts';

/** Granted cookies remembered at once; the oldest is checked anew when it is needed again. */
const CACHE_SIZE = 10_000;
/** Cookies of one name looked at: sibling hosts can plant more, and each costs a signature check. */
const CANDIDATES = 4;

/** Decides who may see private previews. */
export class PrivateAccess {
  readonly #key: CryptoKey;
  readonly #clock: Clock;
  readonly #names: readonly string[];
  readonly #tls: boolean;
  /** When a token stops opening a target, by both. Only genuine tokens get in: strangers cannot fill it. */
  readonly #granted = new Map<string, number>();

  constructor(key: CryptoKey, tls: boolean, clock: Clock) {
    this.#key = key;
    this.#tls = tls;
    this.#clock = clock;
    this.#names = tls ? [SECURE_COOKIE] : [PLAIN_COOKIE, FRAMED_COOKIE];
  }

  /** @param cookies the Cookie field @returns at once for cookies that were verified before */
  allows(cookies: string | undefined, target: PreviewTarget): boolean | Promise<boolean> {
    if (cookies === undefined) return false;
    const tokens = this.#names.flatMap((name) => cookieValues(cookies, name)).slice(0, CANDIDATES);
    if (tokens.some((token) => this.#knows(token, target))) return true;
    return tokens.length > 0 && this.#verifyAny(tokens, target);
  }

  /** @returns when the token stops opening `target`, or undefined when it does not open it now */
  async verify(token: string, target: PreviewTarget): Promise<number | undefined> {
    const expiresAt = await verifyPreviewToken(this.#key, target, token, this.#clock());
    if (expiresAt !== undefined) this.#remember(cacheKey(token, target), expiresAt);
    return expiresAt;
  }

  /**
   * The Set-Cookie fields that let the visitor in from now on. Host-only in each form.
   *
   * The console frames previews, and below `localhost` (or a public suffix) the two are different sites: then a cookie
   * must say `SameSite=None`, and that needs `Secure`. Over plain HTTP browsers take a `Secure` cookie only on hosts
   * they trust, such as `*.localhost`; so there are two, and each browser keeps what it can.
   */
  cookies(token: string, expiresAt: number): string[] {
    const seconds = Math.max(0, Math.floor((expiresAt - this.#clock()) / 1000));
    const common = `${token}; Path=/; Max-Age=${seconds}; HttpOnly`;
    const framed = `${common}; Secure; SameSite=None; Partitioned`;
    return this.#tls
      ? [`${SECURE_COOKIE}=${framed}`]
      : [`${PLAIN_COOKIE}=${common}; SameSite=Lax`, `${FRAMED_COOKIE}=${framed}`];
  }

  async #verifyAny(tokens: readonly string[], target: PreviewTarget): Promise<boolean> {
    for (const token of tokens) if ((await this.verify(token, target)) !== undefined) return true;
    return false;
  }

  #knows(token: string, target: PreviewTarget): boolean {
    const key = cacheKey(token, target);
    const expiresAt = this.#granted.get(key);
    if (expiresAt === undefined) return false;
    if (expiresAt > this.#clock()) return true;
    this.#granted.delete(key);
    return false;
  }

  #remember(key: string, expiresAt: number): void {
    this.#granted.set(key, expiresAt);
    if (this.#granted.size <= CACHE_SIZE) return;
    const oldest = this.#granted.keys().next();
    if (oldest.done !== true) this.#granted.delete(oldest.value);
  }
}

const SECURE_COOKIE = '__Host-sandboxd_preview';
const PLAIN_COOKIE = 'sandboxd_preview';
const FRAMED_COOKIE = 'sandboxd_preview_framed';

const cacheKey = (token: string, { sandboxId, port }: PreviewTarget) => `${sandboxId} ${port} ${token}`;

/** For strangers: nothing about the app behind it. */
export const PRIVATE: Answer = {
  status: 401,
  text: 'This preview is private. Open it with a link from the console.',
  headers: { 'WWW-Authenticate': 'Sandboxd-Preview-Link' },
  page: {
    title: 'This preview is private',
    text: 'Open it from the console, or ask its owner for a link.',
    hint: 'If you came with a link, it has expired, or this browser did not keep its cookie: then open the link in a tab of its own.',
  },
};
