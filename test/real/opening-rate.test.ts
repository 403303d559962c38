import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;
let right: string;
let wrong: string;
beforeEach(async () => {
  stage = await openDemoStage();
  await stage.logIn();
  right = join(stage.home.root, 'right');
  wrong = join(stage.home.root, 'wrong');
  writeFileSync(right, 'passphrase example 1\n', { mode: 0o600 });
  writeFileSync(wrong, 'not the passphrase\n', { mode: 0o600 });
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const token = (file: string) => stage.vault(['token', 'demo'], { env: { VAULT_PASSPHRASE_FILE: file } });

it('wrong passphrases, of the recovery file too, delay the next attempt', async () => {
  const file = join(stage.home.root, 'recovery');
  await stage.vault(['key', 'export', file, '--passphrase-file', right]);
  await stage.vault(['key', 'add', 'passphrase', '--passphrase-file', right]);
  await stage.vault(['key', 'use', 'passphrase'], { env: { VAULT_PASSPHRASE_FILE: right } });
  for (const guess of [
    () => token(wrong),
    () => token(wrong),
    () => stage.vault(['key', 'import', file, 'passphrase', '--passphrase-file', wrong]),
  ]) {
    const refused = await guess();
    expect(refused).toMatchObject({ exitCode: 6, stdout: '' });
    expect(refused.stderr).not.toContain('delayed');
  }
  const waited = await token(right);
  expect(waited).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\S+\n$/) });
  expect(waited.stderr).toMatch(/^vault: 3 wrong passphrases .* delayed by 1s; .*: vault audit --since 1h/);
  expect((await token(right)).stderr).toBe('');
  const audit = await stage.vault(['audit', '--since', '1h', '--json']);
  const events = audit.stdout.trimEnd().split('\n');
  const named = events.map((line) => JSON.parse(line).event);
  expect(named.filter((event) => event === 'open_failed')).toHaveLength(3);
  expect(named.filter((event) => event === 'passphrases_slowed')).toHaveLength(1);
});
