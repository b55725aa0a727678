import { type Browser, chromium, type Page } from 'playwright-core';

/** A Chromium with a profile of its own, which goes away with it. */
export interface TestBrowser extends AsyncDisposable {
  /** A page in a fresh profile, whose complaints are kept. */
  open(options?: PageOptions): Promise<WatchedPage>;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly scripts?: boolean;
}

/** Disposing of it closes the page and forgets its profile. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /**
   * Everything the browser found wrong so far: errors and warnings on the console, uncaught exceptions, violations of
   * the content security policy. Frames of other origins included; a fade that a new size of the window ends is not.
   */
  readonly complaints: string[];
}

const PROGRAM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Told as uncaught, though no script began it: the fade from page to page, which style sheets ask for, ends at once when the
 * window is given another size meanwhile.
 */
const FADE_CUT_SHORT = 'Transition was aborted because of invalid state. Viewport size changed';

/** Starts Chromium; disposing of it ends it. */
export async function startChromium(): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: PROGRAM, args: FLAGS });
  return {
    open: (options = {}) => openPage(browser, options),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function openPage(
  browser: Browser,
  { width = 1280, height = 860, dark = false, scripts = true }: PageOptions,
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: scripts,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on('pageerror', ({ message }) => {
    if (message !== FADE_CUT_SHORT) complaints.push(`uncaught: ${message}`);
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
