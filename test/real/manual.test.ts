import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.js';
import { HANGS, needs } from '../harness/parts.js';

const FOLDER = fileURLToPath(new URL('../../dist/man/', import.meta.url));

describe('the manual', () => {
  it('has a page of the program and of each command, under both names', () => {
    const names = ['vault', 'token-vault'].flatMap((program) => [
      `${program}.1`,
      ...COMMANDS.map(({ name }) => `${program}-${name}.1`),
    ]);
    expect(readdirSync(FOLDER).sort()).toEqual(names.sort());
  });

  it('causes no warning of mandoc', (context) => {
    needs(context, 'mandoc');
    const pages = readdirSync(FOLDER).map((name) => join(FOLDER, name));
    const { status, stdout, stderr } = spawnSync('mandoc', ['-Tlint', '-Wwarning', ...pages], {
      encoding: 'utf8',
      timeout: HANGS,
    });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it('is shown by man, with commands that can be copied', (context) => {
    needs(context, 'man');
    const shown = (name: string) =>
      execFileSync('man', ['--warnings', '-l', join(FOLDER, name)], {
        env: { PATH: process.env['PATH'], MANWIDTH: '80', MANPAGER: 'cat', LANG: 'C' },
        encoding: 'utf8',
        timeout: HANGS,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const key = shown('vault-key.1');
    expect(key).toMatch(/NAME\n +vault-key - list, add, replace/);
    expect(key).toMatch(/\n {7}vault key rotate \[options\] \[source\] \[-- command...\]\n/);
    expect(key).toContain('key export vault.recovery');
    expect(shown('token-vault.1')).toMatch(/\n {7}token-vault setup google\n/);
  });
});
