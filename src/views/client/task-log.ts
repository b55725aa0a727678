const RETRY_MS = 3000;
/** How far from its end a box still counts as being there, in pixels. */
const NEAR = 40;
const MAX_ROWS = 600;

interface Following {
  readonly source: EventSource;
  /** What is about to ask again. */
  retry: number | undefined;
}

const followed = new Map<HTMLElement, Following>();

/**
 * Logs of tasks that go on by themselves while they are seen. A row that comes again takes its own place, so that nothing
 * is shown twice however often the connection breaks.
 */
export function taskLogs(): void {
  for (const log of document.querySelectorAll<HTMLElement>('[data-log]')) toEnd(log);
  look();
  document.addEventListener('htmx:after:swap', look);
  document.addEventListener('visibilitychange', look);
  // A log that is folded away is read when it is unfolded.
  document.addEventListener('toggle', look, { capture: true });
}

/** Follows what there is to follow on the page as it is now, and nothing else. */
function look(): void {
  for (const [log] of followed) if (!log.isConnected || document.hidden) leave(log);
  if (document.hidden) return;
  for (const log of document.querySelectorAll<HTMLElement>('[data-log]')) {
    if (isWanted(log) && !followed.has(log)) follow(log);
  }
}

const isWanted = (log: HTMLElement): boolean =>
  (log.closest('details')?.open ?? true) && !('complete' in log.dataset);

function follow(log: HTMLElement): void {
  const source = new EventSource(`${log.dataset['log']}?since=${log.dataset['since'] ?? 0}`);
  const following: Following = { source, retry: undefined };
  followed.set(log, following);
  source.addEventListener('entries', ({ data, lastEventId }: MessageEvent<string>) => {
    put(log, data);
    log.dataset['since'] = lastEventId;
  });
  source.addEventListener('done', () => {
    log.dataset['complete'] = '';
    leave(log);
    for (const page of document.querySelectorAll('[data-poll]'))
      page.dispatchEvent(new CustomEvent('refresh'));
  });
  // The browser itself comes back after a lost connection, but not after an answer that was none, or a failure told.
  source.addEventListener('error', (event) => {
    if (!(event instanceof MessageEvent) && source.readyState !== EventSource.CLOSED) return;
    source.close();
    following.retry = window.setTimeout(() => {
      leave(log);
      if (log.isConnected && !document.hidden) follow(log);
    }, RETRY_MS);
  });
}

function leave(log: HTMLElement): void {
  const following = followed.get(log);
  following?.source.close();
  window.clearTimeout(following?.retry);
  followed.delete(log);
}

/** Who reads further up stays there; who is at the end stays at the end. */
function put(log: HTMLElement, markup: string): void {
  // It could not be read before, and now it is.
  log.parentElement?.querySelector('.log-note')?.remove();
  const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  const template = document.createElement('template');
  // The server's own templates made it, and escaped what agents and tools said.
  template.innerHTML = markup;
  const rows = template.content;
  // Each row leaves the others as it is put where it belongs.
  for (let row = rows.firstElementChild; row !== null; row = rows.firstElementChild) {
    const known = document.getElementById(row.id);
    if (known === null) log.append(row);
    else renew(known, row);
  }
  while (log.childElementCount > MAX_ROWS) log.firstElementChild?.remove();
  if (wasAtEnd) toEnd(log);
}

/** What is unfolded stays unfolded, and the focus where it is. */
function renew(known: Element, row: Element): void {
  const isOpen = known.querySelector('details')?.open ?? false;
  const hadFocus = known.contains(document.activeElement);
  known.replaceWith(row);
  const details = row.querySelector('details');
  if (details !== null) details.open = isOpen;
  if (hadFocus) row.querySelector<HTMLElement>('summary, [tabindex]')?.focus({ preventScroll: true });
}

/** What is over is read from its beginning. */
function toEnd(log: HTMLElement): void {
  if (!('over' in log.dataset)) log.scrollTop = log.scrollHeight;
}
