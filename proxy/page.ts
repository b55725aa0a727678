import { createHash } from 'node:crypto';

/** What a page of ours says. Every string is text: it is escaped here and nowhere else. */
export interface Page {
  readonly title: string;
  readonly text: string;
  /** What is going on just now; shown with a moving bar. */
  readonly progress?: string;
  /** Shown as it is, line breaks included. */
  readonly detail?: string;
  readonly hint?: string;
  /** The page loads itself again after so many seconds; otherwise it offers to. */
  readonly refresh?: number;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1d21; --soft: #61646d; --line: #dfe1e6; --paper: #fff; --ground: #f5f6f8; --accent: #3b6cf6; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef2; --soft: #9a9fab; --line: #30333b; --paper: #1b1d22; --ground: #121317; --accent: #7d9dff; } }
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { width: min(30rem, 100%); padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; }
main > * + * { margin-top: 1rem; }
h1 { font-size: 1.25rem; line-height: 1.3; }
h1 + p { margin-top: .5rem; color: var(--soft); }
.hint { color: var(--soft); }
.progress { color: var(--ink); font-weight: 500; }
.bar { height: .25rem; overflow: hidden; border-radius: 1rem; background: var(--line); }
.bar i { display: block; width: 40%; height: 100%; border-radius: inherit; background: var(--accent); animation: slide 1.4s ease-in-out infinite; }
@keyframes slide { from { transform: translateX(-100%); } to { transform: translateX(250%); } }
@media (prefers-reduced-motion: reduce) { .bar i { width: 100%; animation: none; opacity: .5; } }
pre { max-height: 16rem; overflow: auto; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--ground); font: .8125rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
a { display: inline-block; color: var(--accent); font-weight: 500; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing is loaded, run, or sent from a page of ours; `framing` says who may show it. */
export const pagePolicy = (framing: string): string =>
  `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; ${framing}`;

/** A whole HTML document without scripts or outside resources. */
export function renderPage({ title, text, progress, detail, hint, refresh }: Page): string {
  const parts = [
    `<h1>${escape(title)}</h1>`,
    `<p>${escape(text)}</p>`,
    progress && `<p class="progress" role="status">${escape(progress)}</p>`,
    progress && '<div class="bar" aria-hidden="true"><i></i></div>',
    detail && `<pre>${escape(detail)}</pre>`,
    hint && `<p class="hint">${escape(hint)}</p>`,
    refresh === undefined && '<a href="">Try again</a>',
  ];
  const reload = refresh === undefined ? '' : `<meta http-equiv="refresh" content="${refresh}">`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${reload}
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body><main>${parts.filter(Boolean).join('\n')}</main></body>
</html>
`;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
