import { describe, expect, it } from 'vitest';
import type { KeySource } from '../../../src/keysources/contract.js';
import {
  answerKeyCheck,
  type KeyCheckRequest,
  readBackElsewhere,
} from '../../../src/services/keys/key-check.js';

const master = Buffer.alloc(32, 3);
const made = { reference: 'vault/master/1', master, parameters: '{"kdf":"scrypt"}' };
const given = { profile: null, passphrase: null, person: false };

function source(key: Buffer): KeySource {
  return {
    kind: 'file',
    keys: 'given',
    setting: { kind: 'file', path: '/example/key' },
    place: 'key file /example/key',
    path: '/example/key',
    recipe: 'printf example',
    load: async (reference, parameters) => {
      if (reference !== made.reference || parameters !== made.parameters)
        throw new Error('asked for another key');
      return Buffer.from(key);
    },
  };
}

/** The other process, with all that passes between the two. */
function elsewhere(key: Buffer) {
  const passed: string[] = [];
  const exchange = async (line: string) => {
    passed.push(line);
    const request = JSON.parse(line) as KeyCheckRequest;
    const answer = await answerKeyCheck(request, async () => source(key));
    passed.push(answer);
    return answer;
  };
  return { passed, exchange };
}

describe('reading a key back in a second process', () => {
  it('is good when that has the same key, and the key itself passes in neither direction', async () => {
    const { passed, exchange } = elsewhere(master);
    await readBackElsewhere(source(master), made, given, exchange);
    await readBackElsewhere(source(master), made, given, exchange);
    const encodings = ['hex', 'base64', 'base64url'] as const;
    for (const line of passed)
      for (const form of encodings) expect(line).not.toContain(master.toString(form));
    expect(new Set(passed).size).toBe(4);
  });

  it('is not when that has another key', async () => {
    const { exchange } = elsewhere(Buffer.alloc(32, 4));
    await expect(readBackElsewhere(source(master), made, given, exchange)).rejects.toMatchObject({
      code: 'key_unavailable',
      message: 'the key file /example/key gave back another key than before',
    });
  });

  it('names a key in a file as the way out: of a new vault, and of one that is there', async () => {
    const exchange = async () => '';
    const fromCommand = { ...source(master), kind: 'command' as const };
    const hintFor = (version: number) =>
      readBackElsewhere(
        fromCommand,
        { ...made, reference: `vault/master/${version}` },
        given,
        exchange,
      ).catch(({ hint }) => hint);
    expect(await hintFor(1)).toBe('use another key source: vault init --key-source file');
    expect(await hintFor(2)).toBe('use another key source: vault key add file');
  });

  it('cannot be answered with what was answered before', async () => {
    const { passed, exchange } = elsewhere(master);
    await readBackElsewhere(source(master), made, given, exchange);
    const replay = async () => passed[1] ?? '';
    await expect(readBackElsewhere(source(master), made, given, replay)).rejects.toMatchObject({
      code: 'key_unavailable',
    });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'Segmentation fault'],
    ['something else', '{"answer":1}'],
    ['an error of no known code', '{"error":{"code":"fine","message":"","hint":null}}'],
  ])('is not when that answers with %s', async (_what, answer) => {
    await expect(readBackElsewhere(source(master), made, given, async () => answer)).rejects.toMatchObject({
      code: 'key_unavailable',
      message: expect.stringContaining('it ended without an answer'),
    });
  });

  it('tells what the second process met', async () => {
    const error = { code: 'key_locked', message: 'the OS keychain is locked', hint: 'unlock it' };
    const exchange = async () => JSON.stringify({ error });
    await expect(readBackElsewhere(source(master), made, given, exchange)).rejects.toMatchObject({
      code: 'key_locked',
      message: 'a second process could not read the key back: the OS keychain is locked',
      hint: 'unlock it',
    });
  });
});
