import { onPress } from './press.ts';

const SHOWN_MS = 1500;

/** Buttons that put a text on the clipboard and say so. */
export function copyOnClick(): void {
  onPress('data-copy', (button) => void copy(button));
}

async function copy(button: HTMLElement): Promise<void> {
  const text = button.dataset['copy'] ?? '';
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without TLS on a host that is not local have no clipboard: select nothing, show the text to copy by hand.
    window.prompt('Copy this:', text);
    return;
  }
  const label = button.getAttribute('aria-label') ?? 'Copy';
  button.classList.add('is-done');
  button.setAttribute('aria-label', 'Copied');
  setTimeout(() => {
    button.classList.remove('is-done');
    button.setAttribute('aria-label', label);
  }, SHOWN_MS);
}
