import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requirePlace } from '../../src/access/missing-place.js';
import { resolvePaths } from '../../src/system/paths.js';
import { profileNames } from '../../src/system/profiles.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-place-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const check = (home: string | null, profile: string | null = null) => {
  const env = { HOME: folder, ...(home === null ? {} : { VAULT_HOME: home }) };
  const host = { env, platform: 'linux' as const };
  requirePlace(host, resolvePaths(host, profile));
};

describe('a vault that does not exist', () => {
  it('is no mistake in its usual place, or in an empty VAULT_HOME', () => {
    for (const home of [null, folder]) expect(() => check(home)).not.toThrow();
  });

  it('is one where VAULT_HOME does not exist, or is a file', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const [home, what] of [
      [join(folder, 'nowhere'), 'does not exist'],
      [file, 'is not a folder'],
    ] as const)
      expect(() => check(home)).toThrow(
        expect.objectContaining({ code: 'config_invalid', message: `VAULT_HOME is ${home}, which ${what}` }),
      );
  });

  it('is one where its profile has no folder, and the one that was meant is named', () => {
    mkdirSync(join(folder, 'profiles', 'acme'), { recursive: true });
    check(folder, 'acme');
    expect(() => check(folder, 'acne')).toThrow(
      expect.objectContaining({
        message: 'there is no profile acne yet',
        hint: 'did you mean acme?\nto make it, step by step: vault --profile acne setup',
      }),
    );
    expect(() => check(folder, 'other')).toThrow(
      expect.objectContaining({
        hint: 'profiles: default, acme\nto make it, step by step: vault --profile other setup',
      }),
    );
  });

  it('is not the one of the profile default, which is the vault without a profile', () => {
    mkdirSync(join(folder, 'profiles', 'default'), { recursive: true });
    const host = {
      env: { HOME: folder, VAULT_HOME: folder, VAULT_PROFILE: 'acme' },
      platform: 'linux',
    } as const;
    expect(resolvePaths(host, 'default')).toMatchObject({ profile: null, data: folder });
    expect(
      resolvePaths({ ...host, env: { VAULT_HOME: folder, VAULT_PROFILE: 'default' } }, null),
    ).toMatchObject({
      profile: null,
    });
    expect(profileNames(host)).toEqual([]);
  });
});
