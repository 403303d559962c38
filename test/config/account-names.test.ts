import { describe, expect, it } from 'vitest';
import { readAccountNames } from '../../src/config/account-names.js';
import { parseConfigFile } from '../../src/config/config-file.js';

const NONE = { aliases: {}, defaults: [] };

describe('aliases and defaults in config.json', () => {
  it('are none where there is no file, and where it has none', () => {
    expect([readAccountNames(null, 'c'), readAccountNames('{}', 'c')]).toEqual([NONE, NONE]);
  });

  it('are read', () => {
    const text = '{"aliases":{"google/a":"google/b"},"defaultAccounts":["google/b"]}';
    expect(readAccountNames(text, 'c')).toEqual({
      aliases: { 'google/a': 'google/b' },
      defaults: ['google/b'],
    });
  });

  it.each([
    ['aliases', '{"aliases":["google/a"]}'],
    ['aliases', '{"aliases":{"google":"google/b"}}'],
    ['aliases', '{"aliases":{"google/a":5}}'],
    ['defaultAccounts', '{"defaultAccounts":"google/a"}'],
    ['defaultAccounts', '{"defaultAccounts":["google"]}'],
    ['defaultAccounts', '{"defaultAccounts":["google/a b"]}'],
  ])('are refused where they are no account names: %s in %s', (path, text) => {
    for (const read of [readAccountNames, parseConfigFile])
      expect(() => read(text, 'config.json')).toThrow(
        expect.objectContaining({ code: 'config_invalid', details: { path } }),
      );
  });
});
