import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/domain/errors.js';
import type { CliRun } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';
import { startSecretService } from '../harness/secret-service.js';

const CHUNK = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));

/** The modules of this chunk by folder of `src/`: what a valid token runs where the key is in a file. */
const MODULES: Readonly<Record<string, string>> = {
  access: 'key-sources unlock vault-access',
  audit: 'log',
  commands: 'spec token',
  config: 'runtime',
  '': 'context fast-lane main',
  crypto: 'derive framing sealed-box',
  domain: 'account async audit-events duration errors invocation own-processes secret token-state',
  keysources: 'contract key-file key-file-lines key-memory',
  services: 'select-account',
  'services/token': 'token token-formats',
  stores: 'audit-queue sqlite-code sqlite-connection sqlite-open sqlite-reads sqlite-rows sqlite-store',
  system: 'caller-process clock paths',
  'system/files': 'files trusted-path',
  ui: 'create-io',
  vault: 'event-proof keyring keyring-access master-key open-vault sealed-field',
};

const ARCHITECTURE = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');

/** As NODE_V8_COVERAGE writes it. */
interface Covered {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** In bytes. */
const LIMIT = 107_000;

const ADVICE = `
Every start of this program compiles main.cjs. A module that a valid token does not run has no place in it:
load it with await import() where it is used, or add it to SELDOM in scripts/bundle.mjs where it has to be imported.
If a valid token runs it, correct this test, after npm run bench has shown what it costs.`;

/** A command waits three seconds for a keychain, which on a busy machine can take longer: then it is run again. */
async function untilInTime(command: () => Promise<CliRun>, attempts = 10): Promise<CliRun> {
  const run = await command();
  const isLate = run.exitCode === EXIT_CODES.key_timed_out && /within \d+ seconds/.test(run.stderr);
  return isLate && attempts > 1 ? untilInTime(command, attempts - 1) : run;
}

describe('the chunk of a valid token', () => {
  const text = readFileSync(CHUNK, 'utf8');

  it('contains these modules and no others', () => {
    const listed = Object.entries(MODULES).flatMap(([folder, names]) =>
      names.split(' ').map((name) => `src/${join(folder, name)}.ts`),
    );
    const found = [...text.matchAll(/^\/\/ (src\/\S+)$/gm)].map(([, path]) => path);
    expect(found.sort(), ADVICE).toEqual(listed.sort());
  });

  it('is no larger than it was', () => {
    expect(Buffer.byteLength(text), ADVICE).toBeLessThan(LIMIT);
  });
});

describe('a valid token', () => {
  let stage: DemoStage;
  afterEach(async () => {
    expect(await stage.close()).toEqual([]);
  });

  /** @returns what V8 saw of each chunk that `vault token` loads */
  async function covered(account: string, env: Readonly<Record<string, string>> = {}): Promise<Covered[]> {
    const coverage = join(stage.home.root, 'coverage');
    const run = await untilInTime(() => {
      rmSync(coverage, { recursive: true, force: true });
      return stage.vault(['token', account], { env: { ...env, NODE_V8_COVERAGE: coverage } });
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const reports = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
    const scripts: Covered[] = reports.flatMap((report) => JSON.parse(report).result);
    return scripts.filter(({ url }) => url.includes('/dist/cli/'));
  }

  async function loaded(account: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
    return (await covered(account, env)).map(({ url }) => basename(url));
  }

  /** @returns each as the path of its file and its name */
  async function functionsRun(account: string): Promise<ReadonlySet<string>> {
    const main = (await covered(account)).find(({ url }) => basename(url) === 'main.cjs');
    const text = readFileSync(CHUNK, 'utf8');
    const files = [...text.matchAll(/^\/\/ (src\/\S+)$/gm)];
    const run = (main?.functions ?? []).filter(({ ranges: [whole] }) => (whole?.count ?? 0) > 0);
    const named = run.map(({ functionName, ranges: [whole] }) => {
      const file = files.findLast(({ index }) => index <= (whole?.startOffset ?? 0))?.[1];
      // The bundler numbers names that two files have.
      return `${file} ${functionName.replace(/\$\d+$/, '')}`;
    });
    return new Set(named);
  }

  it('loads only that chunk if the key is in a file', async () => {
    stage = await openDemoStage();
    const account = (await stage.logIn()).stdout.trim();
    expect((await loaded(account)).sort(), ADVICE).toEqual(['main.cjs', 'rolldown-runtime.cjs']);
  });

  it('runs the functions that docs/architecture.md lists, in these files', async () => {
    stage = await openDemoStage();
    const account = (await stage.logIn()).stdout.trim();
    const walk = [...ARCHITECTURE.matchAll(/^ *(\w+) {2,}(src\/\S+\.ts)/gm)].map(
      ([, name, path]) => `${path} ${name}`,
    );
    expect(walk.length).toBeGreaterThan(20);
    expect(walk.length).toBeLessThanOrEqual(30);
    const ran = await functionsRun(account);
    expect(walk.filter((step) => !ran.has(step))).toEqual([]);
  });

  it('also loads the keychain client if the key is in a keychain', async (context) => {
    needs(context, 'Secret Service');
    stage = await openDemoStage({ config: { keySource: 'keychain' } });
    const service = await startSecretService(stage.home);
    try {
      const login = await untilInTime(() => stage.logIn([], {}, { env: service.env }));
      const account = login.stdout.trim();
      expect((await loaded(account, service.env)).sort(), ADVICE).toEqual([
        ...['key-sources.cjs', 'linux.cjs', 'main.cjs', 'rolldown-runtime.cjs'],
      ]);
    } finally {
      await service.stop();
    }
  });
});
