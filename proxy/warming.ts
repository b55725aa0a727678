import type { Route } from '../src/domain/routing.ts';
import type { Answer } from './answer.ts';
import type { UpstreamFailure } from './upstream.ts';

/** Seconds between two looks at a sandbox that is starting. */
const RETRY_SECONDS = 2;
const RETRY = { 'Retry-After': RETRY_SECONDS };

/** For somebody who waits for a sandbox to wake. */
export function warming(route: Route): Answer {
  return {
    status: 503,
    text: 'The sandbox is waking up. Try again in a few seconds.',
    headers: RETRY,
    page: {
      title: 'Waking up',
      text: 'This app was asleep. It starts now, and this page shows it as soon as it is ready.',
      progress: route.progress ?? 'Starting the sandbox',
      refresh: RETRY_SECONDS,
    },
  };
}

/** For those who do not wake a sandbox. */
export const ASLEEP: Answer = {
  status: 503,
  text: 'The sandbox is asleep. A person who opens the page wakes it.',
  headers: RETRY,
};

/** For those for whom there is no room to wait. */
export const CROWDED: Answer = {
  status: 503,
  text: 'Too many requests are waiting for this sandbox to wake. Try again in a few seconds.',
  headers: RETRY,
};

/** For a sandbox that could not be started. */
export function failed(route: Route, retryMs: number): Answer {
  const seconds = Math.ceil(retryMs / 1000);
  return {
    status: 502,
    text: `The sandbox did not start${route.failure === undefined ? '.' : `: ${route.failure}`}`,
    headers: { 'Retry-After': seconds },
    page: {
      title: 'This app did not start',
      text: 'The sandbox behind this address was started and failed.',
      ...(route.failure === undefined ? {} : { detail: route.failure }),
      hint: `Its logs are in the console. Opening this page again after ${seconds} seconds starts it once more.`,
    },
  };
}

const REVIVAL = 'It starts again when one of its files changes, or when its processes are restarted.';

/** For a sandbox that runs, and whose app is left alone: asking again changes nothing, so nothing is promised of it. */
export function crashed({ failure = 'The app crashed and is left alone.' }: Route): Answer {
  return {
    status: 502,
    text: `${failure} ${REVIVAL}`,
    page: {
      title: 'This app crashed',
      text: failure,
      hint: `${REVIVAL} Its log, in the console, says why it crashed.`,
    },
  };
}

/** For a sandbox of workers alone, where nothing answers. */
const PAGELESS: Answer = {
  status: 404,
  text: 'This app has no web page: only its workers run.',
  page: {
    title: 'This app has no web page',
    text: 'Only its workers run, and nothing answers at this address.',
    hint: 'Their logs are in the console.',
  },
};

/** For a sandbox that runs and gives no proper response. */
export function unanswered(failure: UpstreamFailure, { isPageless }: Pick<Route, 'isPageless'>): Answer {
  const starting = failure.kind === 'unreachable';
  if (starting && isPageless === true) return PAGELESS;
  const why = `The app ${failure.why}.`;
  return {
    status: failure.kind === 'slow' ? 504 : 502,
    text: why,
    page: {
      title: starting ? 'Waiting for the app' : 'The app gave no proper answer',
      text: why,
      ...(starting
        ? { progress: 'Looking again every few seconds', refresh: RETRY_SECONDS }
        : { hint: 'The logs of the app, in the console, may say more.' }),
    },
  };
}
