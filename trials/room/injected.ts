import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerConsent, walkConsent } from '../../src/demo/consent-walk.js';
import { type CliRun, startVault } from '../../test/harness/cli.js';
import { type EchoServer, MANNERS, mannerOf } from './echo.js';
import type { Random } from './random.js';
import { type Sightings, watch } from './sightings.js';
import type { Stage } from './stage.js';

/** A machine whose every secret is a canary, the client's in the environment among them. */
export interface Cage {
  readonly stage: Stage;
  readonly echo: EchoServer;
  readonly env: Readonly<Record<string, string>>;
  /** A secret of the user's that stands in files and variables which are damaged here. */
  readonly planted: string;
}

interface Seen {
  readonly run: CliRun;
  readonly sightings: ReturnType<Sightings['seen']>;
}

/** What goes wrong, and the command that meets it. */
type Injection = (cage: Cage, random: Random) => Promise<Seen>;

const COMMANDS = [
  ['refresh', '--all', '--force'],
  ['token', 'demo', '--refresh'],
  ['token', 'demo', '--min-valid', '3599s'],
];
const TALK = [[], [], ['--verbose'], ['--json'], ['--json', '--verbose'], ['--quiet']];

const refreshed: Injection = async (cage, random) => {
  cage.echo.manner = MANNERS[mannerOf(random)] ?? null;
  return command(cage, random, random.pick(COMMANDS));
};

const cutOff: Injection = async (cage, random) => {
  cage.stage.demo.next(
    'token',
    { when: random.pick(['before', 'after']), send: random.pick(['nothing', 'half']) },
    1,
  );
  return command(cage, random, random.pick(COMMANDS));
};

const loggedIn: Injection = async (cage, random) => {
  cage.echo.manner = MANNERS[mannerOf(random)] ?? null;
  return login(cage, random, async (url) => void (await walkConsent(url)));
};

const wrongAnswer: Injection = (cage, random) =>
  login(cage, random, async (url, type) => {
    const callback = new URL(await answerConsent(url, { deny: random.whole(4) === 0 }));
    const spoil = random.pick<(() => void) | null>([
      () => callback.searchParams.set('iss', 'https://evil.example.com'),
      () => callback.searchParams.append('code', 'another'),
      () => callback.searchParams.set('error', callback.searchParams.get('code') ?? ''),
      null,
    ]);
    spoil?.();
    if (random.whole(2) === 0) type(callback.href.replace('state=', 'x='));
    await fetch(callback, { redirect: 'manual' }).catch(() => null);
    type(callback.href);
  });

/** A file of the vault, spoilt for one command. */
const spoiltFile: Injection = async (cage, random) => {
  const { planted } = cage;
  const config = readFileSync(join(cage.stage.home.vault, 'config.json'), 'utf8');
  const key = readFileSync(join(cage.stage.home.vault, 'master.key'), 'utf8');
  const [name, content] = random.pick([
    ['config.json', config.replace('"clientId"', `"clientSecret": ${planted}, "clientId"`)],
    ['config.json', config.replace('"clientId"', `"clientSecret": ["${planted}"], "clientId"`)],
    ['config.json', config.replace(/}\s*$/, `"${planted}`)],
    ['config.json', planted],
    ['.env', `DEMO_CLIENT_SECRET\n${planted}\n`],
    ['.env', `DEMO_CLIENT_SECRET="${planted}\nDEMO_CLIENT_ID=a b`],
    ['.env', `OAUTH_REDIRECT_URI=${planted}\n`],
    ['master.key', `${key.trim()}A\n`],
    ['master.key', key.slice(0, -4)],
    ['master.key', `${key.trim().slice(1)}A\n`],
    ['vault.db', planted],
    ['vault.db', ''],
  ] as const);
  return spoilt(cage, name, content, () => command(cage, random, random.pick(COMMANDS)));
};

const badEnvironment: Injection = (cage, random) => {
  const { planted } = cage;
  const env = random.pick<Readonly<Record<string, string>>>([
    { HTTPS_PROXY: `http://user:${planted}@127.0.0.1:9`, HTTP_PROXY: `http://user:${planted}@127.0.0.1:9` },
    { HTTPS_PROXY: `${planted}://` },
    { VAULT_KEY_FILE: `relative/${planted.slice(0, 4)}` },
    { OAUTH_REDIRECT_URI: `http://${planted}@127.0.0.1:x/` },
    { NODE_DEBUG: '*' },
    { NODE_DEBUG: 'http,net,tls,stream,child_process,undici' },
    { NODE_OPTIONS: '--report-on-fatalerror --report-uncaught-exception' },
    { NODE_OPTIONS: '--inspect=0' },
    { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' },
    { NODE_OPTIONS: '--trace-tls' },
    { DEMO_CLIENT_SECRET: `${planted}\r\nx` },
  ]);
  return command(
    { ...cage, env: { ...cage.env, ...env } },
    random,
    random.pick([...COMMANDS, ['login', 'demo', '--dry-run']]),
  );
};

/** A crash, from outside, in the middle of a refresh: what it leaves behind lies below the home. */
const crashed: Injection = async (cage, random) => {
  const started = startVault(['token', 'demo', '--refresh'], cage.stage.home, { env: cage.env });
  const sightings = watch(started.child.pid ?? 0);
  const signal = random.pick<NodeJS.Signals>(['SIGABRT', 'SIGSEGV', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT']);
  setTimeout(() => started.child.kill(signal), 40 + random.whole(200));
  started.child.stdin?.end();
  return { run: await started.done, sightings: sightings.seen() };
};

export const INJECTIONS: Readonly<Record<string, Injection>> = {
  'an echo of a refresh': refreshed,
  'an echo of a login': loggedIn,
  'a connection that breaks': cutOff,
  'a wrong answer to a login': wrongAnswer,
  'a spoilt file': spoiltFile,
  'a bad environment': badEnvironment,
  'a crash': crashed,
};

async function command(cage: Cage, random: Random, args: readonly string[]): Promise<Seen> {
  const started = startVault([...args, ...random.pick(TALK)], cage.stage.home, { env: cage.env });
  const sightings = watch(started.child.pid ?? 0);
  started.child.stdin?.end();
  const run = await started.done;
  return { run, sightings: sightings.seen() };
}

async function login(
  cage: Cage,
  random: Random,
  walk: (url: string, type: (line: string) => void) => Promise<void>,
): Promise<Seen> {
  const args = ['login', 'demo', '--no-browser', '--timeout', '2s', ...random.pick([[], ['--verbose']])];
  const started = startVault(args, cage.stage.home, { env: cage.env });
  const sightings = watch(started.child.pid ?? 0);
  const url = await started.stderrLine(/^\s*http:\/\/\S+[?&]state=/).catch(() => null);
  if (url !== null) await walk(url.trim(), (line) => started.type(line));
  started.child.stdin?.end();
  return { run: await started.done, sightings: sightings.seen() };
}

async function spoilt<T>(cage: Cage, name: string, content: string, work: () => Promise<T>): Promise<T> {
  const path = join(cage.stage.home.vault, name);
  const before = name === '.env' ? null : readFileSync(path);
  writeFileSync(path, content, { mode: 0o600 });
  try {
    return await work();
  } finally {
    if (before === null) rmSync(path);
    else writeFileSync(path, before);
    if (before !== null) chmodSync(path, 0o600);
  }
}
