/** `npm run bench -- NAME`: measures one thing on this machine, loopback only, and prints the numbers. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run(): Promise<void> }>>> = {
  proxy: () => import('./proxy.ts'),
  presets: () => import('./presets.ts'),
  snapshots: () => import('./snapshots.ts'),
  store: () => import('./store.ts'),
};

const load = BENCHMARKS[process.argv[2] ?? ''];
if (load === undefined) {
  console.error(`Usage: npm run bench -- NAME, where NAME is one of: ${Object.keys(BENCHMARKS).join(', ')}.`);
  process.exitCode = 2;
} else {
  const benchmark = await load();
  await benchmark.run();
}
