/** Calls `act` with the closest element around a click that carries the attribute. */
export function onPress(attribute: string, act: (element: HTMLElement, event: MouseEvent) => void): void {
  document.addEventListener('click', (event) => {
    const element = event.target instanceof Element ? event.target.closest(`[${attribute}]`) : null;
    if (element instanceof HTMLElement) act(element, event);
  });
}

/** Small buttons: load a frame again, put a message away. */
export function pressable(): void {
  onPress('data-reload', (button) => {
    const frame = document.getElementById(button.dataset['reload'] ?? '');
    // The frame's document is of another origin: only setting its address again loads it again.
    if (frame instanceof HTMLIFrameElement) frame.src = frame.getAttribute('src') ?? '';
  });
  onPress('data-dismiss', (button) => button.closest('.alert')?.remove());
}
