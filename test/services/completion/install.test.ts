import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SHELLS, type Shell, scriptPath } from '../../../src/complete/scripts.js';
import {
  completionScript,
  installCompletion,
  removeCompletion,
  shellNotNamed,
  shellOf,
} from '../../../src/services/completion/install.js';
import type { Host } from '../../../src/system/contract.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

let folder: VaultFolder;
beforeEach(() => {
  folder = vaultFolder();
});
afterEach(() => folder.remove());

function context(env: Record<string, string> = {}) {
  const host = { env: { HOME: folder.home, ...env } } as unknown as Host;
  const readNamed = async (path: string, limit: number) => folder.readNamed(path, limit);
  return { host, files: folder.files, readNamed };
}

const written = (shell: Shell) => readFileSync(scriptPath(shell, 'vault'), 'utf8');

describe('the current shell', () => {
  it.each([
    ['/bin/bash', 'bash'],
    ['/usr/local/bin/zsh', 'zsh'],
    ['/usr/bin/fish', 'fish'],
    ['/usr/bin/pwsh', 'powershell'],
    ['C:\\Program Files\\Git\\usr\\bin\\bash.exe', 'bash'],
  ])('is recognised by the name of %s', (path, shell) => {
    expect(shellOf({ env: { SHELL: path }, platform: 'linux' }, '--install')).toBe(shell);
  });

  it('is PowerShell on Windows if SHELL is not set', () => {
    expect(shellOf({ env: {}, platform: 'win32' }, '--install')).toBe('powershell');
  });

  it.each([[{}], [{ SHELL: '/bin/dash' }]])('must be named with %j', (env) => {
    expect(() => shellOf({ env, platform: 'linux' }, '--remove')).toThrow(
      expect.objectContaining({
        code: 'usage',
        hint: 'supported shells: bash, zsh, fish, powershell; for example: vault completion bash --remove',
      }),
    );
  });
});

it.each([
  [{}, 'vault completion bash --install'],
  [{ SHELL: '/bin/dash' }, 'vault completion bash --install'],
  [{ SHELL: '/bin/zsh' }, 'vault completion --install'],
])('without a shell to print for, the hint for %j is %s', (env, hint) => {
  expect(shellNotNamed({ env, platform: 'linux' }).hint).toBe(`to install it: ${hint}`);
});

describe('the completion of a shell', () => {
  it('that was not installed with the program is an error', async () => {
    const ctx = { ...context(), readNamed: async () => null };
    await expect(completionScript(ctx, 'fish')).rejects.toMatchObject({ code: 'installation_broken' });
  });

  it.each(SHELLS)('of %s is a script for the program', async (shell) => {
    const script = await completionScript(context(), shell);
    expect(script).toContain(`# Completion of vault for ${shell}`);
    expect(script).toContain('__complete -- ');
  });

  it.each<[Shell, Record<string, string>, string]>([
    ['bash', {}, '.local/share/bash-completion/completions/vault'],
    ['bash', { XDG_DATA_HOME: '/data' }, '/data/bash-completion/completions/vault'],
    ['bash', { BASH_COMPLETION_USER_DIR: '/own' }, '/own/completions/vault'],
    ['bash', { XDG_DATA_HOME: 'relative' }, '.local/share/bash-completion/completions/vault'],
    ['zsh', {}, '.local/share/zsh/site-functions/_vault'],
    ['fish', {}, '.config/fish/completions/vault.fish'],
    ['fish', { XDG_CONFIG_HOME: '/config' }, '/config/fish/completions/vault.fish'],
  ])('of %s with %j goes to %s', async (shell, env, file) => {
    const path = file.startsWith('/') ? file : join(folder.home, file);
    expect(await installCompletion(context(env), shell, true)).toEqual({ shell, file: path, changed: true });
    expect(existsSync(path)).toBe(false);
  });

  it('is written once, and removed again', async () => {
    const { file, changed } = await installCompletion(context(), 'fish', false);
    expect(changed).toBe(true);
    expect(readFileSync(file ?? '', 'utf8')).toBe(written('fish'));
    expect(await installCompletion(context(), 'fish', false)).toMatchObject({ changed: false });
    expect(await removeCompletion(context(), 'fish', true)).toMatchObject({ changed: true });
    expect(existsSync(file ?? '')).toBe(true);
    expect(await removeCompletion(context(), 'fish', false)).toMatchObject({ changed: true });
    expect(existsSync(file ?? '')).toBe(false);
    expect(await removeCompletion(context(), 'fish', false)).toMatchObject({ changed: false });
  });

  it('replaces that of an older version, and keeps the mode of the folder', async () => {
    const file = join(folder.home, '.local/share/zsh/site-functions/_vault');
    mkdirSync(dirname(file), { recursive: true });
    chmodSync(dirname(file), 0o755);
    writeFileSync(file, '#compdef vault\n# Completion of vault for zsh, as it was.\n');
    expect(await installCompletion(context(), 'zsh', false)).toMatchObject({ file, changed: true });
    expect(readFileSync(file, 'utf8')).toBe(written('zsh'));
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o755);
  });

  it('never replaces or removes a file of another program', async () => {
    const file = join(folder.home, '.local/share/bash-completion/completions/vault');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'complete -C /usr/bin/vault vault\n');
    const refused = expect.objectContaining({
      code: 'config_invalid',
      hint: expect.stringContaining(`mv ${file}`),
    });
    await expect(installCompletion(context(), 'bash', false)).rejects.toEqual(refused);
    await expect(removeCompletion(context(), 'bash', false)).rejects.toEqual(refused);
    expect(readFileSync(file, 'utf8')).toBe('complete -C /usr/bin/vault vault\n');
  });

  it('has no file in PowerShell', async () => {
    const nothing = { shell: 'powershell', file: null, changed: false };
    expect(await installCompletion(context(), 'powershell', false)).toEqual(nothing);
    expect(await removeCompletion(context(), 'powershell', false)).toEqual(nothing);
  });

  it('needs a home folder', async () => {
    await expect(installCompletion(context({ HOME: '' }), 'bash', false)).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringContaining('vault completion bash'),
    });
  });
});
