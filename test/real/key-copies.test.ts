import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';
import { type SecretService, startSecretService } from '../harness/secret-service.js';

let stage: DemoStage;
let service: SecretService | null = null;
beforeEach(async () => {
  stage = await openDemoStage({ config: { keySource: 'keychain' } });
});
afterEach(async () => {
  await service?.stop();
  service = null;
  expect(await stage.close()).toEqual([]);
});

const vault = (line: string, home: string = stage.home.vault) =>
  stage.vault(line.split(' '), { env: { ...service?.env, VAULT_HOME: home } });

async function copied(how: string): Promise<string> {
  const copy = join(stage.home.root, 'copy');
  if (how === 'copied') {
    cpSync(stage.home.vault, copy, { recursive: true });
    return copy;
  }
  mkdirSync(copy, { mode: 0o700 });
  cpSync(join(stage.home.vault, 'config.json'), join(copy, 'config.json'));
  const backup = join(stage.home.root, 'backup');
  expect(await vault(`backup ${backup}`)).toMatchObject({ exitCode: 0 });
  expect(await vault(`restore ${backup}`, copy)).toMatchObject({ exitCode: 0 });
  return copy;
}

describe('two copies of a vault with one keychain', () => {
  it.for(['copied', 'restored'])(
    'never lose the key that they share when one of them, %s, changes its keys',
    async (how, context) => {
      needs(context, 'Secret Service');
      service = await startSecretService(stage.home);
      const account = (await stage.logIn([], {}, { env: service.env })).stdout.trim();
      const copy = await copied(how);
      for (const line of ['key add file', 'key use file', 'token demo'])
        expect(await vault(line, copy)).toMatchObject({ exitCode: 0 });
      for (const line of ['key rotate keychain', 'key remove keychain --yes']) {
        const refused = await vault(line, copy);
        expect(refused).toMatchObject({ exitCode: 9 });
        expect(refused.stderr).toContain('hint: vault doctor --accept-rollback\n');
      }
      expect(await vault('doctor --accept-rollback --yes', copy)).toMatchObject({ exitCode: 0 });
      for (const line of ['key rotate keychain --json', 'key remove keychain --yes --json']) {
        const done = await vault(line, copy);
        expect(done).toMatchObject({ exitCode: 0 });
        expect(done.stdout).toContain('another copy of this vault may need it');
      }
      expect(await vault(`token ${account}`)).toMatchObject({ exitCode: 0 });
      expect(await vault(`token ${account}`, copy)).toMatchObject({ exitCode: 0 });
    },
  );
});

describe('a key that its keychain did not delete', () => {
  it('is deleted by the command of the hint', async (context) => {
    needs(context, 'Secret Service');
    service = await startSecretService(stage.home);
    await stage.logIn([], {}, { env: service.env });
    for (const line of ['key add file', 'key use file'])
      expect(await vault(line)).toMatchObject({ exitCode: 0 });
    await service.lock();
    expect(await vault('key rotate keychain')).toMatchObject({ exitCode: 6 });
    const removed = await vault('key remove keychain --yes');
    expect(removed).toMatchObject({ exitCode: 0 });
    const hint = 'vault key remove keychain';
    expect(removed.stderr).toContain(`when that source works again: ${hint}\n`);
    expect((await vault('key status')).stderr).toContain(
      `hint: when the source keychain works again: ${hint}\n`,
    );
    expect(await vault('key remove keychain')).toMatchObject({ exitCode: 6 });
    await service.unlock();
    expect(await vault('key remove keychain')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await vault('key status --json')).stdout)).toMatchObject({ unfinished: [] });
    expect(await vault('key remove keychain')).toMatchObject({ exitCode: 2 });
  });
});
