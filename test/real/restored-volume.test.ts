import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

const ADA = 'demo/ada@example.com';
const ACCEPT = 'vault doctor --accept-rollback';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

/** A snapshot of the whole folder, two refreshes, and the snapshot again. */
async function putBack(env: Readonly<Record<string, string>>): Promise<void> {
  const { vault, root } = stage.home;
  await stage.logIn([], { person: 'ada' }, { env });
  cpSync(vault, join(root, 'snapshot'), { recursive: true, preserveTimestamps: true });
  for (let refresh = 1; refresh <= 2; refresh += 1)
    expect((await stage.vault(['refresh', ADA, '--force'], { env })).exitCode).toBe(0);
  rmSync(vault, { recursive: true });
  cpSync(join(root, 'snapshot'), vault, { recursive: true, preserveTimestamps: true });
}

const json = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
  const { exitCode, stdout } = await stage.vault([...args, '--json'], { env });
  return { exitCode, said: JSON.parse(stdout) as Record<string, unknown> };
};

describe('a restored volume with all of VAULT_HOME', () => {
  it.for<readonly [string, Readonly<Record<string, string>>, string]>([
    ['by the mark in the home folder', {}, 'restored from an older copy'],
    [
      'by the file alone, where there is no home',
      { HOME: '' },
      'vault.db is not the file that was written here last',
    ],
  ])(
    'is detected %s: valid tokens are returned and nothing is sent until accepted',
    async ([how, env, why], context) => {
      if (how.includes('file alone')) needs(context, 'birth times of files');
      await putBack(env);
      const second = join(stage.home.home, '.local/state/token-vault/second-marks');
      expect(existsSync(second) ? readdirSync(second).length : 0).toBe('HOME' in env ? 0 : 1);
      stage.tokenRequests();
      expect(await stage.vault(['token', ADA], { env })).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await json(['refresh', ADA, '--force'], env)).toMatchObject({
        exitCode: 9,
        said: { error: { code: 'vault_rolled_back', message: expect.stringContaining(why), hint: ACCEPT } },
      });
      expect(stage.tokenRequests()).toBe(0);
      const { said } = await json(['doctor', '--offline'], env);
      expect(said['checks']).toContainEqual(
        expect.objectContaining({ check: 'integrity', code: 'vault_rolled_back', remedy: ACCEPT }),
      );
      expect(await json(['audit', '--verify'], env)).toMatchObject({
        exitCode: 9,
        said: { whole: false, standing: 'rolled_back' },
      });
      expect((await stage.vault(['doctor', '--accept-rollback', '--yes'], { env })).exitCode).toBe(0);
      expect((await json(['doctor', '--offline'], env)).said['checks']).toContainEqual(
        expect.objectContaining({ check: 'integrity', code: null }),
      );
    },
  );
});
