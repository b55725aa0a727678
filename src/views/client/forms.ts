/** A form that creates or deletes is sent once, and says that it is at work. */
export function submitOnce(): void {
  document.addEventListener('submit', (event) => {
    const { target: form, submitter } = event;
    if (!(form instanceof HTMLFormElement) || !('once' in form.dataset)) return;
    if (!(submitter instanceof HTMLButtonElement) || submitter.formMethod === 'dialog') return;
    if (submitter.ariaDisabled === 'true') {
      event.preventDefault();
      return;
    }
    submitter.ariaDisabled = 'true';
    submitter.textContent = submitter.dataset['busy'] ?? submitter.textContent;
  });
}

let leaving = false;
const stay = () => {
  leaving = false;
};

/** Whether a form was sent whose answer is another page: what becomes of this one no longer matters. */
export const isLeaving = (): boolean => leaving;

/** What htmx sends by itself, and a dialog that closes, were prevented or lead nowhere: the page stays. */
export function noticeLeaving(): void {
  window.addEventListener('submit', ({ target: form, submitter, defaultPrevented }) => {
    const closes = submitter instanceof HTMLButtonElement && submitter.formMethod === 'dialog';
    if (form instanceof HTMLFormElement && !defaultPrevented && !closes) leaving = true;
  });
  window.addEventListener('pageshow', stay);
  // Somebody stopped it before the answer was there.
  window.navigation?.addEventListener('navigateerror', stay);
}

/** Calls `act` with a form that htmx sent, once the server has done what it asks for; `mark` is among its data. */
export function onTaken(mark: string, act: (form: HTMLFormElement) => void): void {
  document.addEventListener('htmx:after:request', (event) => {
    if (!(event instanceof CustomEvent)) return;
    const { ctx } = event.detail as { ctx?: { sourceElement?: Element; response?: { status: number } } };
    const form = ctx?.sourceElement;
    const status = ctx?.response?.status ?? 0;
    if (form instanceof HTMLFormElement && mark in form.dataset && status < 400 && status > 0) act(form);
  });
}

/** A form that was taken offers what it offered at first. */
export function resetWhenTaken(): void {
  onTaken('reset', (form) => form.reset());
}

/** A page that comes back out of the browser's memory shows what was, not what is. */
export function reloadWhenRestored(): void {
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload();
  });
}

/** A page that is looked at, not just fetched or rendered ahead, sends its form by itself. */
export function submitWhenSeen(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-submit-when-seen]');
  if (form === null) return;
  const submit = () => {
    if (document.visibilityState !== 'visible') return;
    document.removeEventListener('visibilitychange', submit);
    form.requestSubmit();
  };
  document.addEventListener('visibilitychange', submit);
  submit();
}

/**
 * A page that answered a form, and must not be had again by sending that once more, takes the address of the page that it
 * is like: loading it again asks for that.
 */
export function settleAtAddress(): void {
  const here = document.querySelector<HTMLElement>('[data-here]')?.dataset['here'];
  if (here !== undefined) window.history.replaceState(null, '', here);
}
