import { onPress } from './press.ts';

/** Links to a page that asks first open the same question in place. */
export function dialogs(): void {
  onPress('data-dialog', (link, event) => {
    const dialog = document.getElementById(link.dataset['dialog'] ?? '');
    const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!(dialog instanceof HTMLDialogElement) || opensElsewhere) return;
    event.preventDefault();
    dialog.showModal();
  });
}
