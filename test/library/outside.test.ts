import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LibraryStage, openLibraryStage } from './stage.js';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** Somebody else's project, in which this package is installed. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'vault-outside-'));
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true });
  symlinkSync(PACKAGE, join(project, 'node_modules', 'token-vault'));
  symlinkSync(
    join(PACKAGE, 'node_modules', '@types', 'node'),
    join(project, 'node_modules', '@types', 'node'),
  );
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

let stage: LibraryStage;
beforeEach(async () => {
  stage = await openLibraryStage();
});
afterEach(() => stage.close());

/** Runs a script there, in an environment that holds nothing of this machine's. */
async function script(lines: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const file = join(project, 'script.js');
  writeFileSync(file, ["import { openVault, VaultError } from 'token-vault';", ...lines].join('\n'));
  const options = { cwd: '/', env: { PATH: process.env['PATH'] ?? '', HOME: project, ...env } };
  return run(process.execPath, [file], options);
}

describe('the package in another program', () => {
  it('returns tokens and accounts, prints nothing, and lets the program end', async () => {
    await stage.logIn({ as: 'work' });
    const { stdout, stderr } = await script(
      [
        'const vault = openVault();',
        "const token = await vault.accessToken('demo', { minValid: '10m', scopes: ['email'] });",
        'const accounts = await vault.accounts();',
        'await vault.close();',
        'console.log(JSON.stringify({ token: typeof token, names: accounts.map(({ name }) => name) }));',
      ],
      { VAULT_HOME: stage.home },
    );
    expect(JSON.parse(stdout)).toEqual({ token: 'string', names: ['demo/work'] });
    expect(stderr).toBe('');
  });

  it('lets the program end after a refresh as well, and after one that failed', async () => {
    await stage.logIn();
    const { stdout, stderr } = await script(
      [
        'const vault = openVault();',
        "await vault.accessToken('demo', { refresh: true });",
        "const failure = await vault.accessToken('nobody').catch((error) => error);",
        'await vault.close();',
        'console.log(failure instanceof VaultError, failure.code, failure.exitCode);',
      ],
      { VAULT_HOME: stage.home },
    );
    expect(stdout).toBe('true account_not_found 3\n');
    expect(stderr).toBe('');
  });

  it('does not show a secret when its results are printed', async () => {
    await stage.logIn();
    const { stdout } = await script(
      [
        'const vault = openVault();',
        "await vault.accessToken('demo');",
        "const { inspect } = await import('node:util');",
        'console.log(inspect(vault, { depth: 9, showHidden: true }), inspect(await vault.accounts(), { depth: 9 }));',
        'await vault.close();',
      ],
      { VAULT_HOME: stage.home },
    );
    for (const secret of stage.demo.secrets()) expect(stdout).not.toContain(secret);
  });
});

describe('the types of the package', () => {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin',
    'tsc',
  );

  async function compiled(lines: readonly string[]): Promise<string> {
    const file = join(project, 'program.ts');
    writeFileSync(
      file,
      ["import { openVault, VaultError, type ErrorCode } from 'token-vault';", ...lines].join('\n'),
    );
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022',
      '--types',
      'node',
    ];
    const ended = await run(process.execPath, [compiler, ...options, file], { cwd: project }).catch(
      (failure: { stdout: string }) => failure,
    );
    return ended.stdout;
  }

  it('accept a correct program', async () => {
    const said = await compiled([
      "const vault = openVault({ home: '/home/a', profile: 'work', signal: AbortSignal.timeout(1), onNotice: (line) => line.trim() });",
      "const token: string = await vault.accessToken('demo', { minValid: '5m', scopes: ['email'], refresh: true });",
      'const name: string | undefined = (await vault.accounts())[0]?.name;',
      "const failure = new VaultError('busy', 'held');",
      'const code: ErrorCode = failure.code;',
      'export { code, name, token };',
    ]);
    expect(said).toBe('');
  });

  it('reject an unknown option or code, or a number for a name', async () => {
    const said = await compiled([
      "await openVault({ hom: '/x' }).accounts();",
      "const code: ErrorCode = 'oops';",
      'await openVault().accessToken(7);',
      'export { code };',
    ]);
    expect(said).toMatch(/'hom' does not exist/);
    expect(said).toMatch(/'"oops"' is not assignable/);
    expect(said).toMatch(/'number' is not assignable/);
  });
});
