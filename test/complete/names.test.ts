import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namesOf } from '../../src/complete.js';
import { ACCOUNTS, type CompletionStage, completionStage } from '../harness/completion-stage.js';

let stage: CompletionStage;
beforeEach(async () => {
  stage = await completionStage();
});
afterEach(() => stage.home.remove());

const names = (env = stage.env) =>
  namesOf({ env, platform: process.platform, geteuid: () => process.geteuid?.() ?? 0 });

describe('the completed names', () => {
  it('are those of the accounts, the configured providers and the profiles', () => {
    expect(names().accounts(null)).toEqual([...ACCOUNTS].sort());
    expect(names().providers(null)).toEqual(['demo', 'forge']);
    expect(names().profiles()).toEqual(['acme']);
    expect(names({ ...stage.env, VAULT_PROFILE: 'acme' }).profiles()).toEqual(['acme']);
  });

  it('are none in a profile without a vault', () => {
    expect(names().accounts('acme')).toEqual([]);
    expect(names({ ...stage.env, VAULT_PROFILE: 'acme' }).accounts(null)).toEqual([]);
    expect(names().accounts('../acme')).toEqual([]);
  });

  it('are read without changing a mode or creating a file', () => {
    const file = join(stage.home.vault, 'vault.db');
    chmodSync(file, 0o644);
    const before = readdirSync(stage.home.vault);
    expect(names().accounts(null)).toHaveLength(ACCOUNTS.length);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(stage.home.vault)).toEqual(before);
  });
});

describe('completion offers no name, and prints no error,', () => {
  const database = () => join(stage.home.vault, 'vault.db');

  it('without a home folder', () => {
    expect(names({}).accounts('x')).toEqual([]);
    expect(names({ VAULT_HOME: 'relative' }).profiles()).toEqual([]);
  });

  it('from a database that is damaged or belongs to another program', () => {
    writeFileSync(database(), 'no database');
    expect(names().accounts(null)).toEqual([]);
    execFileSync(process.execPath, [
      '-e',
      `const D = require('better-sqlite3'); require('fs').rmSync('${database()}'); new D('${database()}').exec('CREATE TABLE t (x)')`,
    ]);
    expect(names().accounts(null)).toEqual([]);
  });

  it('from a pipe or a link, which is not opened', () => {
    const { vault } = stage.home;
    const profile = join(vault, 'profiles', 'acme');
    symlinkSync(database(), join(profile, 'vault.db'));
    expect(names().accounts('acme')).toEqual([]);
    mkdirSync(join(vault, 'profiles', 'pipe'));
    execFileSync('mkfifo', [join(vault, 'profiles', 'pipe', 'vault.db')]);
    expect(names().accounts('pipe')).toEqual([]);
  });

  it('from a config.json that is not JSON', () => {
    writeFileSync(join(stage.home.vault, 'config.json'), '{ "providers": ');
    expect(names().providers(null)).toEqual([]);
  });
});
