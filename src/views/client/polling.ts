interface RequestDetail {
  readonly ctx?: { readonly sourceElement?: Element; readonly response?: { readonly status: number } };
}

const isPoll = (detail: RequestDetail | undefined): boolean =>
  detail?.ctx?.sourceElement?.hasAttribute('data-poll') ?? false;

/**
 * Pages look again by themselves while they are seen, at once when they are seen again, and say so when the server does
 * not answer. A failed look changes nothing on the page.
 */
export function polling(): void {
  on('htmx:config:request', (event) => {
    if (isPoll(event.detail) && document.hidden) event.preventDefault();
    // What went wrong before is no news once the visitor does something else.
    if (!isPoll(event.detail)) document.getElementById('flash')?.replaceChildren();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll('[data-poll]')) {
      element.dispatchEvent(new CustomEvent('refresh'));
    }
  });
  on('htmx:before:response', (event) => {
    if (!isPoll(event.detail)) return;
    const failed = (event.detail.ctx?.response?.status ?? 0) >= 500;
    showConnection(!failed);
    if (failed) event.preventDefault();
  });
  on('htmx:error', (event) => {
    if (isPoll(event.detail)) showConnection(false);
  });
}

function on(name: string, act: (event: CustomEvent<RequestDetail>) => void): void {
  document.addEventListener(name, (event) => {
    if (event instanceof CustomEvent) act(event as CustomEvent<RequestDetail>);
  });
}

function showConnection(works: boolean): void {
  const bar = document.getElementById('connection');
  if (bar !== null) bar.hidden = works;
}
