/** What is known of one requirement on this machine. */
export interface Finding {
  readonly name: string;
  /** `warn`: it works, with less. `fail`: it does not work. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent when all is well. */
  readonly remedy?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, level: 'ok', found });
export const warn = (name: string, found: string, remedy: string): Finding => ({
  name,
  level: 'warn',
  found,
  remedy,
});
export const fail = (name: string, found: string, remedy: string): Finding => ({
  name,
  level: 'fail',
  found,
  remedy,
});
