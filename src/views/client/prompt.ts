import { onTaken } from './forms.ts';

/** The prompt box: ⌘ or Ctrl with Enter sends it, and once it was taken it is empty again, for the next one. */
export function promptBox(): void {
  document.addEventListener('keydown', (event) => {
    const { target, key, metaKey, ctrlKey, isComposing } = event;
    if (key !== 'Enter' || !(metaKey || ctrlKey) || isComposing) return;
    if (!(target instanceof HTMLElement)) return;
    const form = target.closest<HTMLFormElement>('form[data-prompt]');
    const button = form?.querySelector<HTMLButtonElement>('button[type="submit"]');
    if (!form || !button || button.disabled) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
  onTaken('prompt', empty);
}

/** The agent and the options are often the same for the next one; a fresh session is asked for once. */
function empty(form: HTMLFormElement): void {
  const prompt = form.elements.namedItem('prompt');
  const fresh = form.elements.namedItem('fresh');
  if (fresh instanceof HTMLInputElement) fresh.checked = false;
  if (!(prompt instanceof HTMLTextAreaElement)) return;
  prompt.value = '';
  // The button that was pressed goes away. Where typing is done on the screen, a focus would cover what comes now.
  const isLost = document.activeElement === document.body || form.contains(document.activeElement);
  if (isLost && window.matchMedia('(pointer: fine)').matches) prompt.focus({ preventScroll: true });
}
