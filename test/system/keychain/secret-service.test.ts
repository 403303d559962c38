import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keychainStage } from '../../doubles/keychain-host.js';
import { fakeSecretService, type Manners } from '../../doubles/secret-service.js';
import { needs } from '../../harness/parts.js';
import { type SessionBus, startSessionBus } from '../../harness/session-bus.js';

const SOON = { alone: 250, interactive: 500 };
const NAME = 'the Secret Service (org.freedesktop.secrets)';

let folder: string;
let bus: SessionBus | null = null;
let close: (() => void)[] = [];

beforeEach((context) => {
  needs(context, 'D-Bus');
  folder = mkdtempSync(join(tmpdir(), 'vault-bus-'));
});
afterEach(async () => {
  for (const each of close) each();
  close = [];
  await bus?.stop();
  bus = null;
  rmSync(folder, { recursive: true });
});

/** A real bus, and on it a Secret Service with these manners. */
async function serviceWith(manners: Manners) {
  bus = await startSessionBus(folder);
  const service = await fakeSecretService(bus.socket, manners);
  close.push(service.close);
  return { service, env: bus.env };
}

const read = (stage: ReturnType<typeof keychainStage>) => stage.keychain.read('token-vault', 'example');

describe('a Secret Service', () => {
  it('without encryption is read all the same', async () => {
    const { service, env } = await serviceWith({ secret: 'master-key-example' });
    expect(await read(keychainStage({ env }))).toBe('master-key-example');
    expect(service.calls.filter((name) => name === 'OpenSession')).toHaveLength(2);
  });

  it.each([{}, { noKeyring: true }])('without the item returns none: %j', async (manners) => {
    const { env } = await serviceWith(manners);
    expect(await read(keychainStage({ env }))).toBeNull();
  });

  it.each([
    ['any question', 'all'],
    ['the opening of a session', 'OpenSession'],
    ['the reading of the item', 'GetSecret'],
  ])('that never answers %s times out and is named', async (_, method) => {
    const { env } = await serviceWith({ secret: 'master-key-example', silent: [method] });
    await expect(read(keychainStage({ env, timeouts: SOON }))).rejects.toMatchObject({
      kind: 'timed_out',
      about: expect.stringMatching(
        `^${NAME.replace(/[()]/g, '\\$&')}, process ${process.pid} \\(.+\\), did not`,
      ),
      remedy: expect.stringContaining(`kill -9 ${process.pid}`),
    });
  });

  it('has more time, with a notice, if a user may be typing a password', async () => {
    const { env } = await serviceWith({ silent: ['all'] });
    const stage = keychainStage({ env, timeouts: SOON, interactive: true });
    await expect(read(stage)).rejects.toMatchObject({ about: expect.stringContaining('0.5 seconds') });
    expect(stage.notices).toEqual([expect.stringContaining('still waiting for the keychain')]);
  });

  it.each([
    ['SearchItems', 'org.freedesktop.DBus.Error.AccessDenied', 'denied', {}],
    ['GetSecret', 'org.freedesktop.Secret.Error.IsLocked', 'locked', {}],
    ['OpenSession', 'org.freedesktop.DBus.Error.NoReply', 'unavailable', {}],
    ['GetSecret', 'org.example.Error.Whatever', 'unavailable', {}],
    ['ReadAlias', 'org.freedesktop.DBus.Error.TimedOut', 'timed_out', { locked: 'keyring' }],
  ] as const)('that answers %s with %s is %s', async (method, error, kind, more) => {
    const manners = { secret: 'master-key-example', errors: { [method]: error }, ...more };
    const { env } = await serviceWith(manners);
    await expect(read(keychainStage({ env }))).rejects.toMatchObject({
      kind,
      about: expect.stringContaining(NAME),
    });
  });

  it.each(['items', 'keyring'] as const)(
    'whose %s are locked prompts nobody without a user',
    async (locked) => {
      const { service, env } = await serviceWith({ secret: 'master-key-example', locked });
      const { keychain } = keychainStage({ env });
      await expect(keychain.read('token-vault', 'example')).rejects.toMatchObject({ kind: 'locked' });
      await expect(keychain.remove('token-vault', 'example')).rejects.toMatchObject({ kind: 'locked' });
      await expect(keychain.write('token-vault', 'example', 'value')).rejects.toMatchObject({
        kind: 'locked',
      });
      expect(service.calls).not.toContain('Unlock');
    },
  );

  it.each(['items', 'keyring'] as const)('whose %s are locked prompts the user', async (locked) => {
    const manners = { secret: 'master-key-example', locked, prompt: 'unlocks' } as const;
    const { env } = await serviceWith(manners);
    const stage = keychainStage({ env, interactive: true });
    expect(await read(stage)).toBe('master-key-example');
    expect(stage.notices).toEqual([expect.stringContaining('is locked')]);
  });

  it('whose prompt is dismissed denies access', async () => {
    const manners = { secret: 'master-key-example', locked: 'items', prompt: 'is dismissed' } as const;
    const { env } = await serviceWith(manners);
    await expect(read(keychainStage({ env, interactive: true }))).rejects.toMatchObject({ kind: 'denied' });
  });

  it('whose prompt is not answered times out, and is not called hung', async () => {
    const { env } = await serviceWith({ secret: 'master-key-example', locked: 'items' });
    const stage = keychainStage({ env, timeouts: SOON, interactive: true });
    await expect(read(stage)).rejects.toMatchObject({
      kind: 'locked',
      about: 'its password prompt was not answered within 0.5 seconds',
    });
    expect(stage.notices).toHaveLength(1);
  });

  it('without a keyring gets none if no user can choose its password', async () => {
    const { env } = await serviceWith({ noKeyring: true });
    await expect(keychainStage({ env }).keychain.write('a', 'b', 'c')).rejects.toMatchObject({
      kind: 'unavailable',
      about: expect.stringContaining('no keyring yet'),
    });
  });

  it('is not waited for once the command is interrupted', async () => {
    const { env } = await serviceWith({ silent: ['all'] });
    const stage = keychainStage({ env });
    const reading = read(stage);
    stage.interrupt.abort(new Error('interrupted'));
    await expect(reading).rejects.toThrow('interrupted');
  });
});
