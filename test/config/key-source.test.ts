import { describe, expect, it } from 'vitest';
import { readKeySource, withKeySource } from '../../src/config/key-source.js';

describe('the key source in config.json', () => {
  it.each([
    [null, null],
    ['{}', null],
    ['{"keySource":"keychain"}', { kind: 'keychain' }],
    ['{"keySource":"file"}', { kind: 'file', path: null }],
    ['{"keySource":{"kind":"keychain"}}', { kind: 'keychain' }],
    ['{"keySource":{"kind":"file"}}', { kind: 'file', path: null }],
    ['{"keySource":{"kind":"file","path":"/keys/master.key"}}', { kind: 'file', path: '/keys/master.key' }],
    ['\uFEFF{"keySource":"file","providers":{"anything":1}}', { kind: 'file', path: null }],
    ['{"keySource":"credential"}', { kind: 'credential', name: null }],
    ['{"keySource":{"kind":"credential","name":"mine.key"}}', { kind: 'credential', name: 'mine.key' }],
    [
      '{"keySource":{"kind":"command","command":["pass","show","x y"]}}',
      { kind: 'command', command: ['pass', 'show', 'x y'], timeout: null },
    ],
    [
      '{"keySource":{"kind":"command","command":["/usr/bin/age"],"timeout":"30s"}}',
      { kind: 'command', command: ['/usr/bin/age'], timeout: 30_000 },
    ],
    ['{"keySource":"passphrase"}', { kind: 'passphrase', file: null }],
    ['{"keySource":{"kind":"passphrase","file":"/run/pp"}}', { kind: 'passphrase', file: '/run/pp' }],
  ])('%j is read as %j', (text, setting) => {
    expect(readKeySource(text)).toEqual(setting);
  });

  it.each([
    ['{"keySource":"vault"}', 'must be "keychain", "file", "credential", "command" or "passphrase"'],
    ['{"keySource":{"kind":"toString"}}', 'keySource.kind must be'],
    ['{"keySource":{"kind":"credential","name":"../key"}}', 'without a slash'],
    ['{"keySource":{"kind":"credential","name":".."}}', 'without a slash'],
    ['{"keySource":"command"}', 'must be a list of strings'],
    ['{"keySource":{"kind":"command","command":"pass show x"}}', 'must be a list of strings'],
    ['{"keySource":{"kind":"command","command":[]}}', 'must be a list of strings'],
    ['{"keySource":{"kind":"command","command":[""]}}', 'must be a list of strings'],
    ['{"keySource":{"kind":"command","command":["a","b\\u0000"]}}', 'must be a list of strings'],
    ['{"keySource":{"kind":"command","command":["./print-key"]}}', 'its absolute path'],
    ['{"keySource":{"kind":"command","command":["bin/print-key"]}}', 'its absolute path'],
    ['{"keySource":{"kind":"command","command":["a"],"timeout":30}}', 'from 1s to 10m'],
    ['{"keySource":{"kind":"command","command":["a"],"timeout":"0s"}}', 'from 1s to 10m'],
    ['{"keySource":{"kind":"command","command":["a"],"timeout":"11m"}}', 'from 1s to 10m'],
    ['{"keySource":{"kind":"passphrase","file":"pp"}}', 'absolute path'],
    ['{"keySource":{"kind":"passphrase","passphrase":"no"}}', 'keySource.passphrase is not known'],
    ['{"keySource":null}', 'must be a string or an object'],
    ['{"keySource":["file"]}', 'must be a string or an object'],
    ['{"keySource":{"kind":"file","path":"master.key"}}', 'absolute path'],
    ['{"keySource":{"kind":"file","path":7}}', 'absolute path'],
    ['{"keySource":{"kind":"file","file":"/k"}}', 'keySource.file is not known; allowed here: kind, path'],
    ['{"keySource":{"kind":"keychain","path":"/k"}}', 'keySource.path is not known; allowed here: kind'],
    ['[]', 'does not contain a JSON object'],
    ['"text"', 'does not contain a JSON object'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => readKeySource(text, 'the-file')).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(why) }),
    );
    expect(() => readKeySource(text, 'the-file')).toThrow('the-file');
  });

  it.each([
    ['{\n  "keySource": "file"\n  "clientSecret": "client-secret-example"\n}', 'at line 3'],
    ['{"clientSecret": client-secret-example}', 'is not valid JSON'],
    ['// client-secret-example\n{}', 'is not valid JSON'],
  ])('a file that is not JSON is refused by position, without its content: %j', (text, place) => {
    const attempt = () => readKeySource(text);
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(place) }),
    );
    expect(attempt).not.toThrow('client-secret');
  });
});

describe('writing the key source', () => {
  it('makes a file where there is none', () => {
    expect(withKeySource(null, { kind: 'keychain' })).toBe(
      '{\n  "keySource": {\n    "kind": "keychain"\n  }\n}\n',
    );
    expect(withKeySource(' \n', { kind: 'file', path: null })).toContain('"kind": "file"');
  });

  it('keeps everything else as the user wrote it, in its order and indentation', () => {
    const text =
      '{\n\t"notify": ["run"],\n\t"keySource": "keychain",\n\t"providers": {\n\t\t"x": {"odd": 1}\n\t}\n}\n';
    const written = withKeySource(text, { kind: 'file', path: '/keys/k' });
    expect(JSON.parse(written)).toEqual({
      notify: ['run'],
      keySource: { kind: 'file', path: '/keys/k' },
      providers: { x: { odd: 1 } },
    });
    expect(Object.keys(JSON.parse(written))).toEqual(['notify', 'keySource', 'providers']);
    expect(written).toContain('\n\t"notify"');
  });

  it('is read back with the same meaning', () => {
    for (const setting of [
      { kind: 'keychain' },
      { kind: 'file', path: null },
      { kind: 'file', path: '/k' },
      { kind: 'credential', name: null },
      { kind: 'credential', name: 'mine' },
      { kind: 'command', command: ['pass', 'show', 'x'], timeout: null },
      { kind: 'command', command: ['age', '-d'], timeout: 90_000 },
      { kind: 'passphrase', file: null },
      { kind: 'passphrase', file: '/run/pp' },
    ] as const) {
      expect(readKeySource(withKeySource('{"providers":{}}', setting))).toEqual(setting);
    }
  });

  it('does not overwrite an unreadable file', () => {
    expect(() => withKeySource('{ broken', { kind: 'keychain' })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
    expect(() => withKeySource('[1]', { kind: 'keychain' })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });
});
