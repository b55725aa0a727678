import { scryptAsync } from '@noble/hashes/scrypt.js';
import { base64url } from 'jose';
import { equalBytes } from '../../domain/equal-bytes.ts';
import type { PasswordHasher } from '../../domain/password.ts';

/** What scrypt is to cost: N blocks of 128·r bytes in memory, p times. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** scrypt itself: there is one in the platform on some platforms, and one in JavaScript everywhere. */
export type DeriveKey = (
  password: string,
  salt: Uint8Array,
  cost: ScryptCost & { readonly dkLen: number },
) => Promise<Uint8Array>;

/** What OWASP names as the least for scrypt with 32 MiB: slow for who guesses, and small enough for a Worker. */
const COST: ScryptCost = { N: 2 ** 15, r: 8, p: 3 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const SHAPE = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/;

/** Passwords under scrypt. What it makes names its cost, so that the cost can grow while old hashes are there. */
export const passwordHasher = (derive: DeriveKey): PasswordHasher => ({
  async hash(password) {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const key = await derive(password.normalize('NFKC'), salt, { ...COST, dkLen: KEY_BYTES });
    const cost = `${Math.log2(COST.N)}$${COST.r}$${COST.p}`;
    return `scrypt$${cost}$${base64url.encode(salt)}$${base64url.encode(key)}`;
  },
  async verify(password, hash) {
    const [, logN, r, p, salt, expected] = SHAPE.exec(hash) ?? [];
    if (salt === undefined || expected === undefined) return false;
    const cost = { N: 2 ** Number(logN), r: Number(r), p: Number(p), dkLen: KEY_BYTES };
    const key = await derive(password.normalize('NFKC'), base64url.decode(salt), cost);
    return equalBytes(key, base64url.decode(expected));
  },
});

/** Runs everywhere, in slices of a few milliseconds between which others have their turn. */
export const scryptHasher = passwordHasher(scryptAsync);
