import { STATUS_CODES } from 'node:http';
import type { Mask } from '../../domain/mask.ts';
import { MAX_MESSAGE_LENGTH } from './limits.ts';

/** A provider's failure, as it tells it. */
export interface ProviderError {
  /** 200 for one in the middle of an answer that had begun well. */
  readonly status: number;
  readonly type?: string;
  readonly code?: string;
  /** Fit to be shown. */
  readonly message: string;
}

/**
 * What the body of a failure says.
 * @param text undefined when it cannot be read
 */
export function readError(status: number, text: string | undefined, mask: Mask): ProviderError {
  const said = text === undefined ? undefined : parse(text);
  const message = said === undefined ? plainMessage(text ?? '') : messageOf(said);
  return describeError(status, said, message, mask);
}

/** What an event in the middle of an answer says. */
export const readFailureEvent = (failure: unknown, mask: Mask): ProviderError =>
  describeError(200, { error: failure }, messageOf({ error: failure }), mask);

function describeError(status: number, said: unknown, message: string, mask: Mask): ProviderError {
  const { type, code, status: name } = fieldsOf(fieldsOf(said)['error']);
  const shown = cleanMessage(message, mask) || fallback(status);
  return {
    status,
    message: shown,
    ...(typeof type === 'string' && { type: cleanMessage(type, mask) }),
    ...(typeof code === 'string' && { code: cleanMessage(code, mask) }),
    // Google's name for it.
    ...(typeof code !== 'string' && typeof name === 'string' && { code: cleanMessage(name, mask) }),
  };
}

const fallback = (status: number): string =>
  status === 200
    ? 'The provider reported an error in the middle of its answer.'
    : `The provider answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd() + '.';

/** Without control characters, the key, and what is too long. */
export function cleanMessage(text: string, mask: Mask): string {
  const line = mask
    .text(text)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return line.length <= MAX_MESSAGE_LENGTH ? line : `${line.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}

function messageOf(said: unknown): string {
  const { error, message, detail } = fieldsOf(said);
  const candidates = [fieldsOf(error)['message'], error, message, detail];
  return candidates.find((one): one is string => typeof one === 'string' && one !== '') ?? '';
}

/** Of a page nothing is told but its title: gateways and firewalls answer with those. */
function plainMessage(text: string): string {
  if (!/^\s*</.test(text)) return text;
  const title = /<title[^>]*>([^<]{1,200})/i.exec(text)?.[1]?.trim();
  return title === undefined
    ? 'The provider answered with a page of HTML.'
    : `The provider answered with the page "${title}".`;
}

/** The fields of what may be anything. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** JSON or undefined. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asks knows what to do with something else.
    return undefined;
  }
}
