import { isLeaving } from './forms.ts';

interface RequestContext {
  readonly sourceElement?: Element;
  readonly response?: { readonly status: number };
}

type RequestEvent = CustomEvent<{ readonly ctx?: RequestContext }>;

const isPoll = (ctx: RequestContext | undefined): ctx is RequestContext =>
  ctx?.sourceElement?.hasAttribute('data-poll') ?? false;

/**
 * Pages look again by themselves while they are seen, at once when they are seen again, and say so when the server does
 * not answer. A failed look changes nothing on the page, and one that would lead elsewhere does not get in the way of a
 * form that was sent.
 */
export function polling(): void {
  lookOnlyWhenSeen();
  tellConnection();
  dropStaleLooks();
}

function lookOnlyWhenSeen(): void {
  on('htmx:config:request', (event) => {
    if (isPoll(event.detail.ctx) && (document.hidden || isLeaving())) event.preventDefault();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll('[data-poll]')) {
      element.dispatchEvent(new CustomEvent('refresh'));
    }
  });
}

function tellConnection(): void {
  on('htmx:before:response', (event) => {
    const { ctx } = event.detail;
    if (!isPoll(ctx)) return;
    if (isLeaving()) {
      event.preventDefault();
      return;
    }
    const failed = (ctx.response?.status ?? 0) >= 500;
    showConnection(!failed);
    if (failed) event.preventDefault();
  });
  on('htmx:error', (event) => {
    if (isPoll(event.detail.ctx) && !isLeaving()) showConnection(false);
  });
}

/** A look that began before an action, or before its outcome was shown, may know nothing of it: the next one will. */
function dropStaleLooks(): void {
  let outcomes = 0;
  const begunAfter = new WeakMap<RequestContext, number>();
  on('htmx:config:request', ({ detail }) => {
    const { ctx } = detail;
    if (isPoll(ctx)) {
      begunAfter.set(ctx, outcomes);
      return;
    }
    outcomes += 1;
    // What went wrong before is no news once the visitor does something else.
    for (const flash of document.querySelectorAll('.flash')) flash.replaceChildren();
    tellWhatIsDone(detail.ctx?.sourceElement);
  });
  on('htmx:before:swap', (event) => {
    const { ctx } = event.detail;
    if (!isPoll(ctx)) outcomes += 1;
    else if (begunAfter.get(ctx) !== outcomes) event.preventDefault();
  });
}

/** A stop takes seconds: the status says at once that it was heard. */
function tellWhatIsDone(form: Element | undefined): void {
  const doing = form?.getAttribute('data-doing');
  const chip = document.querySelector(`#${form?.getAttribute('data-doing-at') ?? 'status'} .chip`);
  if (!doing || chip === null) return;
  chip.className = 'chip chip-busy';
  chip.lastChild?.replaceWith(doing);
}

function on(name: string, act: (event: RequestEvent) => void): void {
  document.addEventListener(name, (event) => {
    if (event instanceof CustomEvent) act(event as RequestEvent);
  });
}

function showConnection(works: boolean): void {
  const bar = document.getElementById('connection');
  if (bar !== null) bar.hidden = works;
}
