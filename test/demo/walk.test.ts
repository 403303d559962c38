import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DemoTalk } from '../../src/demo/contract.js';
import { runDemo } from '../../src/demo/walk.js';
import { endpointUrls } from '../../src/demo/world.js';
import { vaultDouble } from '../doubles/demo-vault.js';
import type { Endpoints } from './client.js';

/** Finds the server where the vault would: in the configuration that the demo wrote. */
async function fromConfig(home: string): Promise<Endpoints> {
  const config = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')) as {
    providers: { demo: { issuer: string; clientId: string } };
  };
  const { issuer, clientId } = config.providers.demo;
  return { endpoints: endpointUrls(issuer), client: { id: clientId, secret: null } };
}

function listening(): DemoTalk & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    step: async (title) => void heard.push(`# ${title}`),
    command: (line) => void heard.push(`$ ${line}`),
    output: (text) => void heard.push(text),
    note: (line) => void heard.push(line),
  };
}

describe('the demo', () => {
  it('shows every step from login to revocation', async () => {
    const vault = vaultDouble(fromConfig);
    const talk = listening();
    await runDemo(vault, { browser: false }, talk);
    const shown = talk.heard
      .filter((line) => line.startsWith('$ '))
      .map((line) => line.replace('$ vault ', ''));
    expect(shown).toEqual(vault.lines);
    const verbs = vault.lines.map((line) => line.split(' ')[0]);
    expect(verbs).toEqual('login login list token refresh token revoke'.split(' '));
    expect(talk.heard.join('\n')).not.toMatch(/demo-access-[\w-]{5,}/);
  });

  it('keeps its vault in one private folder and leaves nothing behind', async () => {
    const modes: number[] = [];
    const vault = vaultDouble(async (home) => {
      modes.push(statSync(home).mode & 0o777, statSync(join(home, 'config.json')).mode & 0o777);
      return fromConfig(home);
    });
    await runDemo(vault, { browser: false }, listening());
    expect(vault.homes.size).toBe(1);
    expect([...vault.homes].filter(existsSync)).toEqual([]);
    expect([...new Set(modes)]).toEqual([0o700, 0o600]);
  });

  it.each(['login', 'list', 'token', 'refresh', 'revoke'])(
    'stops and cleans up when vault %s fails',
    async (broken) => {
      const vault = vaultDouble(fromConfig, broken);
      const talk = listening();
      await expect(runDemo(vault, { browser: false }, talk)).rejects.toMatchObject({ code: 'unexpected' });
      expect(vault.lines.at(-1)).toContain(broken);
      expect(talk.heard.at(-1)).toBe('broken\n');
      expect([...vault.homes].filter(existsSync)).toEqual([]);
    },
  );

  it('detects a command that succeeds without doing its work', async () => {
    const vault = vaultDouble(fromConfig);
    const lazy = {
      runVault: (
        args: readonly string[],
        env: Readonly<Record<string, string>>,
        onLine: (line: string) => void,
      ) =>
        args[0] === 'refresh'
          ? Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
          : vault.runVault(args, env, onLine),
    };
    await expect(runDemo(lazy, { browser: false }, listening())).rejects.toThrow(/not both rotated/);
  });
});
