/** What Vite's development server puts into every page it serves. */
const VITE_CLIENT = '/@vite/client';
const SCRIPT_TAG = /<script\b([^>]{0,2000})>/gi;
const SOURCE = /\bsrc\s*=\s*["']([^"']{1,1000})["']/i;
const IS_MODULE = /\btype\s*=\s*["']module["']/i;

/**
 * The path of the module a Vite page starts with; undefined for any other page, and for one without a module of its
 * own.
 * @param pagePath the path the page was served at
 */
export function entryModule(html: string, pagePath: string): string | undefined {
  if (!html.includes(VITE_CLIENT)) return undefined;
  const origin = 'http://sandbox.invalid';
  for (const [, attributes = ''] of html.matchAll(SCRIPT_TAG)) {
    const source = IS_MODULE.test(attributes) ? SOURCE.exec(attributes)?.[1] : undefined;
    if (source === undefined || source.includes(VITE_CLIENT)) continue;
    const url = URL.parse(source.replaceAll('&amp;', '&'), origin + pagePath);
    if (url?.origin === origin) return url.pathname + url.search;
  }
  return undefined;
}
