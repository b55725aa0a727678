const ANYWHERE = 'http://console.invalid';

/** Where to go after signing in: a path of this very console, whatever the link said. "/" when it is none. */
export function safeNext(text: string | null | undefined): string {
  // Browsers read "\" as "/", skip tabs and newlines, and take "//host" for another host.
  if (!text?.startsWith('/') || /[\\\p{Cc}]/u.test(text) || !URL.canParse(text, ANYWHERE)) return '/';
  const { origin, pathname, search } = new URL(text, ANYWHERE);
  const isLocal = origin === ANYWHERE && !pathname.startsWith('//') && !pathname.startsWith('/login');
  return isLocal ? pathname + search : '/';
}
