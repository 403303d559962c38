import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfigPath } from '../../../src/config/config-path.js';
import { configValue, setConfigValue } from '../../../src/services/config/values.js';
import { type LibraryStage, openLibraryStage } from '../../library/stage.js';

let stage: LibraryStage;
beforeEach(async () => {
  stage = await openLibraryStage();
  stage.configure({ keySource: 'file', providers: { work: { issuer: 'https://idp.example' } } });
});
afterEach(() => stage.close());

const set = (place: string, ...words: string[]) =>
  setConfigValue(stage.app(), parseConfigPath(place), { words, typed: true });
const secretly = (place: string, word: string) =>
  setConfigValue(stage.app(), parseConfigPath(place), { words: [word], typed: false });
const get = (place: string) => configValue(stage.app(), parseConfigPath(place));
const file = () => join(stage.home, 'config.json');

describe('a setting', () => {
  it.each([
    ['providers.work.clientId', ['12345'], '12345'],
    ['providers.work.clientId', ['[x]'], '[x]'],
    ['providers.work.redirectPort', ['8400'], 8400],
    ['providers.work.pkce', ['false'], false],
    ['providers.work.scopes', ['openid'], ['openid']],
    ['providers.work.scopes', ['openid', 'email'], ['openid', 'email']],
    ['providers.work.scopes', ['["openid"]'], ['openid']],
    ['providers.work.identity', ['{"from":"none"}'], { from: 'none' }],
    ['providers.work.authorizeParams.audience', ['7'], '7'],
    ['notify', ['notify-me'], ['notify-me']],
    ['providers."my.idp"', ['{"issuer":"https://other.example"}'], { issuer: 'https://other.example' }],
  ])('is of the type that it has: %s', async (place, words, value) => {
    expect(await set(place, ...words)).toEqual(value);
    expect(get(place)).toEqual(value);
    expect(stage.config()).toMatchObject({ keySource: 'file', providers: { work: {} } });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['providers.work.isuer', 'x', /isuer is not known; did you mean issuer\?/],
    ['providers.work.issuer', 'ftp://x', /must be an https URL/],
    ['providers.work.redirectPort', 'many', /must be a number/],
    ['providers.work.redirectPort', '65536', /must be at most/],
    ['providers.other.clientId', 'x', /incomplete: it has neither issuer/],
    ['providers.Work.issuer', 'https://idp.example', /not a valid provider name/],
    ['prvoiders.x', 'y', /prvoiders is not known; did you mean providers\?/],
    ['notify', './run', /must begin with the name of a program/],
    ['__proto__.x', 'y', /is not known/],
  ])('is refused and nothing is changed: %s = %s', async (place, word, message) => {
    const before = readFileSync(file(), 'utf8');
    await expect(set(place, word)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(message),
      hint: 'nothing was changed; to edit the whole file: vault config edit',
    });
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  it('is the key source only through the commands that prove the key', async () => {
    await expect(set('keySource', 'keychain')).rejects.toMatchObject({ code: 'usage' });
    await expect(set('keySource.kind', 'keychain')).rejects.toMatchObject({ code: 'usage' });
  });

  it('keeps the order and the indentation of the others', async () => {
    writeFileSync(
      file(),
      '{\n\t"providers": {\n\t\t"a": { "issuer": "https://a.example" }\n\t},\n\t"keySource": "file"\n}\n',
    );
    await set('providers.a.title', 'A');
    expect(readFileSync(file(), 'utf8')).toBe(
      '{\n\t"providers": {\n\t\t"a": {\n\t\t\t"issuer": "https://a.example",\n\t\t\t"title": "A"\n\t\t}\n\t},\n\t"keySource": "file"\n}\n',
    );
  });

  it('is recorded without its value', async () => {
    await set('providers.work.clientId', 'client-id-example');
    const log = readFileSync(join(stage.home, 'security.log'), 'utf8');
    expect(log).toContain('"event":"configuration_changed","what":"config_file"');
    expect(log).not.toContain('client-id-example');
  });

  it('survives others that are set at the same time', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => set(`providers.${name}.issuer`, `https://${name}.example`)));
    expect(Object.keys(stage.config()['providers'] as object).sort()).toEqual([...names, 'work']);
  });
});

describe('a client secret', () => {
  it('is not taken from the command line', async () => {
    const json = '{"issuer":"https://a.example","clientSecret":"secret-example"}';
    for (const [place, word] of [
      ['providers.work.clientSecret', 'secret-example'],
      ['providers.a', json],
    ] as const)
      await expect(set(place, word)).rejects.toMatchObject({
        code: 'usage',
        message: expect.not.stringContaining('secret-example'),
      });
  });

  it('is set from elsewhere, and never shown', async () => {
    expect(await secretly('providers.work.clientSecret', 'secret-example')).toBe('[redacted]');
    expect(readFileSync(file(), 'utf8')).toContain('"clientSecret": "secret-example"');
    expect(get('providers.work.clientSecret')).toBe('[redacted]');
    expect(JSON.stringify(configValue(stage.app(), null))).not.toContain('secret-example');
  });
});
