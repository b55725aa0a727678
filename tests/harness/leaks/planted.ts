import type { Step } from '../../doubles/provider/script.ts';
import type { Secret } from './needles.ts';

/** Told to the app and its agents, with everything that an encoding changes. */
export const VALUES = {
  RUNTIME_KEY: `fake-runtime/key+of=every&sign %41 "é" <it's>`,
  AGENT_KEY: 'fake-agent~key/of+tests?=&ü-not-real',
  HIDDEN_KEY: 'fake-key/for+nobody?but=us&not-real',
  BOTH_KEY:
    '-----BEGIN FAKE KEY-----\nZmFrZS1saW5l/LW9uZS1ub3QtcmVhbA==\nZmFrZS1saW5l/LXR3by1ub3QtcmVhbA==\n-----END FAKE KEY-----\n',
  TOGGLED_KEY: 'fake-key/harmless+once&secret=now',
  TYPED_KEY: 'fake-key/typed+into?the=console&not-real',
} as const;
export type Key = keyof typeof VALUES;

export const PROVIDER_KEY = 'sk-fake/key+of=the&provider-not-real';
export const PASSWORD = 'fake password/of+the=console & not real';
export const CONFIGURED_TOKEN = 'fake-configured-token/of+acme=not-real';
/** Secrets as they are, before any of what the installation makes itself is known. */
export const PLANTED: readonly Secret[] = [
  ...Object.entries(VALUES).map(([name, value]) => ({ name, value })),
  { name: 'provider key', value: PROVIDER_KEY },
  { name: 'password', value: PASSWORD },
  { name: 'configured token', value: CONFIGURED_TOKEN },
];

/** Programs of the app: they tell what they are given in every way they know, and as clumsily as they can. */
const TELL = `const fs = require('node:fs');
const values = ['RUNTIME_KEY', 'BOTH_KEY', 'TOGGLED_KEY', 'TYPED_KEY'].map((name) => process.env[name]).filter(Boolean);
const url = encodeURIComponent;
const tell = () => {
  for (const value of values) {
    console.log('plain ' + value);
    console.error(JSON.stringify({ value, twice: JSON.stringify(value) }));
    for (const encoding of ['base64', 'base64url'])
      for (const before of ['', '1', '12']) console.log(Buffer.from(before + value + '34').toString(encoding));
    console.log(url(value) + ' ' + url(value).replace(/%../g, (code) => code.toLowerCase()));
  }
  // Half of it now, and the rest of it later.
  const [first = ''] = values;
  process.stdout.write('halves ' + first.slice(0, 20));
  setTimeout(() => process.stdout.write(first.slice(20) + '\\ntold\\n'), 30);
};
const fail = () => { throw new Error('cannot use ' + values.join(' or '), { cause: { value: values[0] } }); };
const once = (mark, work) => { if (!fs.existsSync(mark)) { fs.writeFileSync(mark, ''); work(); } };
`;

export const FILES = {
  'sandbox.yaml': JSON.stringify({
    version: 1,
    web: { command: 'node web.cjs', port: 3000 },
    workers: [{ name: 'worker', command: 'node worker.cjs' }],
    build: { command: 'node build.cjs' },
  }),
  'web.cjs': `${TELL}
tell();
const at = { '/tell': tell, '/crash': () => setTimeout(fail, 100) };
require('node:http').createServer((request, answer) => {
  (at[request.url.split('?')[0]] ?? (() => {}))();
  answer.end('here');
}).listen(process.env.PORT, '0.0.0.0');`,
  'worker.cjs': `${TELL}
tell();
once('.crashed', () => setTimeout(fail, 200));
setInterval(() => {}, 2 ** 30);`,
  'build.cjs': `${TELL}
tell();
fail();`,
};

/** Prints variables of whoever runs it, as they are and in base64. */
const PRINT =
  'echo "key: $AGENT_KEY, $BOTH_KEY"; printf %s "$AGENT_KEY" | base64 -w0; printf "1%s" "$AGENT_KEY" | base64 -w0; env | base64';

/** What a model has its agent do, and what it says of it. */
export const TELLTALE: readonly Step[] = [
  { text: `I look at ${VALUES.AGENT_KEY}.`, action: { do: 'run', command: PRINT } },
  {
    text: `It is ${VALUES.AGENT_KEY}, in the URL ${encodeURIComponent(VALUES.AGENT_KEY)}; the other is ${VALUES.BOTH_KEY}.`,
  },
];
