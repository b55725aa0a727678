import { Counter } from './counter';

export default function Home() {
  return (
    <main className="mx-auto flex min-h-svh max-w-2xl flex-col items-start justify-center gap-6 px-6 py-16">
      <span className="rounded-full bg-indigo-600/10 px-3 py-1 text-sm font-medium text-indigo-700 dark:text-indigo-300">
        It runs
      </span>
      <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-5xl">Your app starts here</h1>
      <p className="text-lg text-pretty text-zinc-600 dark:text-zinc-400">
        Edit <code className="rounded bg-zinc-500/10 px-1.5 py-0.5 text-base">app/page.tsx</code> and this page
        follows at once. It is rendered on the server; the button below comes alive in the browser.
      </p>
      <Counter />
    </main>
  );
}
