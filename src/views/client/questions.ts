import { onPress } from './press.ts';

/**
 * Links to a page that asks before something is done put the same question over the page that they are on. What it says is
 * as fresh as the page that asks it, and the link itself is the way without scripts.
 */
export function questions(): void {
  onPress('data-ask', (link, event) => {
    const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!(link instanceof HTMLAnchorElement) || opensElsewhere) return;
    event.preventDefault();
    void ask(link.href);
  });
  onPress('data-close', (link, event) => {
    const dialog = link.closest('dialog');
    if (dialog === null) return;
    event.preventDefault();
    dialog.close();
  });
}

async function ask(href: string): Promise<void> {
  const question = await questionAt(href).catch(() => undefined);
  // What stands in the way is told by the page that it leads to.
  if (question === undefined) {
    window.location.assign(href);
    return;
  }
  // Who presses twice is asked once.
  if (document.querySelector('dialog[open]') !== null) return;
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  dialog.setAttribute('aria-labelledby', 'question-title');
  dialog.append(...question.childNodes);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  // It is read from its beginning, and what changes nothing is at hand unless there is something to write.
  dialog.querySelector<HTMLElement>('[autofocus], [data-close]')?.focus({ preventScroll: true });
  dialog.scrollTo(0, 0);
}

/** What the page there asks; undefined when it asks nothing. */
async function questionAt(href: string): Promise<Element | undefined> {
  const answer = await fetch(href);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return page.getElementById('question') ?? undefined;
}
