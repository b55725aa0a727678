import { useState } from 'react';

export default function App() {
  const [count, setCount] = useState(0);

  return (
    <main className="mx-auto flex min-h-svh max-w-2xl flex-col items-start justify-center gap-6 px-6 py-16">
      <span className="rounded-full bg-indigo-600/10 px-3 py-1 text-sm font-medium text-indigo-700 dark:text-indigo-300">
        It runs
      </span>
      <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-5xl">Your app starts here</h1>
      <p className="text-lg text-pretty text-zinc-600 dark:text-zinc-400">
        Edit <code className="rounded bg-zinc-500/10 px-1.5 py-0.5 text-base">src/App.tsx</code> and this page
        follows at once.
      </p>
      <button
        type="button"
        onClick={() => setCount((current) => current + 1)}
        className="rounded-lg bg-indigo-600 px-5 py-2.5 font-medium text-white shadow-sm transition hover:bg-indigo-500 focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-indigo-600 active:scale-[0.98]"
      >
        Clicked {count} {count === 1 ? 'time' : 'times'}
      </button>
    </main>
  );
}
