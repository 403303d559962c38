import { describe, expect, it } from 'vitest';
import { plainKeyFile } from '../../src/access/key-sources.js';
import { currentKeySource, withKeySource } from '../../src/config/key-source.js';

const OWN = '/home/alice/.config/token-vault/master.key';
const FILE = '/home/alice/.config/token-vault/config.json';

/** What the whole reader comes to: the path of a key file, another kind, or a mistake. */
function inFull(env: Record<string, string>, text: string | null): string | null {
  try {
    const { setting } = currentKeySource(env, text, FILE);
    return setting.kind === 'file' ? (setting.path ?? OWN) : null;
  } catch {
    return null;
  }
}

describe('the short reader of the key source', () => {
  it.each([
    ['a word', '{"keySource":"file","notify":["a"]}', OWN],
    ['what this program writes', withKeySource(null, { kind: 'file', path: null }), OWN],
    ['what it writes with a path', withKeySource('{}', { kind: 'file', path: '/run/k' }), '/run/k'],
    ['a path of null', '{"keySource":{"kind":"file","path":null}}', OWN],
  ])('reads %s', (_what, text, path) => {
    expect(plainKeyFile({}, text, OWN)).toBe(path);
    expect(inFull({}, text)).toBe(path);
  });

  it.each([
    null,
    '',
    '{',
    'null',
    '[]',
    '"file"',
    '{}',
    '{"keySource":null}',
    '{"keySource":"keychain"}',
    '{"keySource":["file"]}',
    '{"keySource":{"kind":"keychain"}}',
    '{"keySource":{"kind":"credential"}}',
    '{"keySource":{"kind":"file","path":"relative"}}',
    '{"keySource":{"kind":"file","path":"/a\\u0000b"}}',
    '{"keySource":{"kind":"file","path":7}}',
    '{"keySource":{"kind":"file","timeout":"3s"}}',
    '{"__proto__":{"keySource":"file"}}',
  ])('leaves %s to the full reader', (text) => {
    expect(plainKeyFile({}, text, OWN)).toBeNull();
    expect(inFull({}, text)).toBeNull();
  });

  it.each(['/run/other.key', 'relative.key', ''])('treats VAULT_KEY_FILE=%s like the full reader', (path) => {
    const env = { VAULT_KEY_FILE: path };
    for (const text of [null, '{"keySource":"file"}', '{"keySource":"keychain"}'])
      expect(plainKeyFile(env, text, OWN)).toBe(inFull(env, text));
  });
});
