import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { HANGS, needs } from '../harness/parts.js';

let stage: DemoStage;
/** Where keys lie that are no business of the vault's. */
let elsewhere: string;
beforeEach(async () => {
  stage = await openDemoStage();
  elsewhere = mkdtempSync(join(tmpdir(), 'vault-elsewhere-'));
});
afterEach(async () => {
  rmSync(elsewhere, { recursive: true });
  expect(await stage.close()).toEqual([]);
});

const newKey = () => `${randomBytes(32).toString('base64url')}\n`;

function writePrivate(path: string, text: string, mode = 0o600): string {
  writeFileSync(path, text, { mode });
  return path;
}

/** A program that counts how often it is run, then does something. */
function program(name: string, body: string): { readonly path: string; readonly runs: () => number } {
  const path = join(elsewhere, name);
  const count = `${path}.count`;
  writePrivate(count, '');
  writePrivate(path, `#!/bin/sh\nprintf x >> '${count}'\n${body}\n`, 0o700);
  return { path, runs: () => readFileSync(count, 'utf8').length };
}

/** What a job of cron has: no terminal, no environment of note, cwd `/`. */
function bare(env: Readonly<Record<string, string>> = {}) {
  return {
    cwd: '/',
    env: { HOME: '/nonexistent', PATH: '/usr/bin:/bin', VAULT_HOME: stage.home.vault, ...env },
  };
}

const refreshing = ['refresh', '--all', '--days', '3', '--force'];

describe('a vault with several keys', () => {
  it('opens for a job with a systemd credential and with age, each read once', async (context) => {
    needs(context, 'age');
    await stage.logIn();
    expect(await stage.vault(refreshing, bare())).toMatchObject({ exitCode: 0 });

    const credentials = join(elsewhere, 'credentials');
    mkdirSync(credentials, { mode: 0o700 });
    writePrivate(join(credentials, 'token-vault-master-key'), newKey(), 0o400);
    const service = bare({ CREDENTIALS_DIRECTORY: credentials });
    expect(await stage.vault(['key', 'add', 'credential'], service)).toMatchObject({ exitCode: 0 });
    expect(await stage.vault(['key', 'use', 'credential'], service)).toMatchObject({ exitCode: 0 });
    expect(await stage.vault(refreshing, service)).toMatchObject({ exitCode: 0 });
    const outside = await stage.vault(refreshing, bare());
    expect(outside).toMatchObject({ exitCode: 6, stdout: '' });
    expect(outside.stderr).toMatch(
      /LoadCredentialEncrypted=token-vault-master-key.*hint:.*vault key use file/s,
    );

    const identity = join(elsewhere, 'identity');
    execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore', timeout: HANGS });
    const sealed = join(elsewhere, 'key.age');
    execFileSync('age', ['-e', '-i', identity, '-o', sealed], { input: newKey(), timeout: HANGS });
    const age = program('age-once', `exec age -d -i '${identity}' '${sealed}'`);
    const words = ['command', '--', age.path];
    expect(await stage.vault(['key', 'add', ...words], service)).toMatchObject({ exitCode: 0 });
    expect(await stage.vault(['key', 'use', ...words], bare())).toMatchObject({ exitCode: 0 });
    const before = age.runs();
    expect(await stage.vault(refreshing, bare())).toMatchObject({ exitCode: 0 });
    expect(age.runs()).toBe(before + 1);
    expect(await stage.vault(['token', 'demo'], bare())).toMatchObject({ exitCode: 0 });

    // The key of the vault's beginnings is of no use any more.
    expect(await stage.vault(['key', 'remove', 'file', '--yes'])).toMatchObject({ exitCode: 0 });
    expect(await stage.vault(['token', 'demo', '--refresh'], bare())).toMatchObject({ exitCode: 0 });
    const forgotten = await stage.vault(['key', 'remove', 'credential', '--yes'], bare());
    expect(forgotten.stderr).toContain('did not store a key there, so it deleted nothing');
    const { keys } = JSON.parse((await stage.vault(['key', 'status', '--json'])).stdout);
    expect(keys).toMatchObject([{ source: 'command', in_use: true, place: 'command age-once' }]);
  });

  it('never falls back from the configured source to another one', async () => {
    await stage.logIn();
    const config = stage.home.config();
    stage.home.configure({ ...config, keySource: { kind: 'passphrase' } });
    const run = await stage.vault(['token', 'demo', '--json']);
    expect(run.exitCode).toBe(6);
    expect(JSON.parse(run.stdout)).toMatchObject({
      error: { code: 'key_missing', hint: 'vault key use file', details: { vault_has: ['file'] } },
    });
    expect((await stage.vault(['key', 'use', 'file'])).exitCode).toBe(0);
    expect((await stage.vault(['token', 'demo'])).exitCode).toBe(0);
  });
});

describe('a command that does not print the key', () => {
  it.each([
    ['is not there', null, 'key_unavailable', 'was not found'],
    ['fails', 'echo a-secret-of-the-command >&2; exit 3', 'key_unavailable', 'exit code 3'],
    ['prints something else', 'echo a-secret-of-the-command', 'key_wrong', 'does not contain a master key'],
    ['prints too much', 'head -c 5000 /dev/zero', 'key_wrong', 'prints more than a master key'],
    ['hangs', 'sleep 600', 'key_timed_out', 'did not print the key within 1s'],
  ])('because it %s is reported, and leaves no vault', async (_why, body, code, says) => {
    const command = [body === null ? 'no-such-program' : program('print-key', body).path];
    stage.home.configure({ ...stage.home.config(), keySource: { kind: 'command', command, timeout: '1s' } });
    const run = await stage.vault(['init', '--json'], bare({ DEMO_CLIENT_SECRET: 'client-secret-example' }));
    expect(run).toMatchObject({ exitCode: 6, stderr: '' });
    const { error } = JSON.parse(run.stdout);
    expect(error).toMatchObject({ code, message: expect.stringContaining(says), hint: expect.any(String) });
    expect(run.stdout).not.toContain('a-secret-of-the-command');
    expect(JSON.parse((await stage.vault(['key', 'status', '--json'])).stdout).keys).toEqual([]);
  });

  it('because it prints another one each time is refused, and leaves nothing behind', async () => {
    const { path } = program('print-key', 'head -c 32 /dev/urandom | basenc --base64url');
    const before = readFileSync(join(stage.home.vault, 'config.json'), 'utf8');
    const run = await stage.vault(['init', '--key-source', 'command', '--json', '--', path], bare());
    expect(JSON.parse(run.stdout)).toMatchObject({
      error: {
        code: 'key_unavailable',
        message:
          'the command print-key returned a key other than the one that was stored; nothing was left behind',
      },
    });
    expect(readFileSync(join(stage.home.vault, 'config.json'), 'utf8')).toBe(before);
  });

  it('gets no client secret in its environment', async () => {
    const seen = join(elsewhere, 'environment');
    const { path } = program('print-key', `env >> '${seen}'; echo '${newKey().trim()}'`);
    const env = { DEMO_CLIENT_SECRET: 'client-secret-example', DEMO_CLIENT_ID: 'id', KEPT: 'yes' };
    const run = await stage.vault(['init', '--key-source', 'command', '--', path], bare(env));
    expect(run.exitCode).toBe(0);
    expect(readFileSync(seen, 'utf8')).toContain('KEPT=yes');
    expect(readFileSync(seen, 'utf8')).not.toContain('DEMO_CLIENT');
  });
});
