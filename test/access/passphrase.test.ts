import { describe, expect, it } from 'vitest';
import { askPassphrase, type PassphraseDeps, passphraseInput } from '../../src/access/passphrase.js';
import { Secret } from '../../src/domain/secret.js';

const nothing = { descriptor: null, file: null };

function deps(over: Partial<PassphraseDeps> = {}): PassphraseDeps {
  return {
    what: 'the vault',
    env: {},
    readFile: () => null,
    readDescriptor: () => Promise.reject(new Error('must not be read here')),
    terminal: null,
    ...over,
  };
}

/** A terminal at which these answers are typed, one after another. */
function typing(...answers: readonly string[]) {
  const questions: string[] = [];
  const left = [...answers];
  const terminal = async (question: string) => {
    questions.push(question);
    return new Secret(left.shift() ?? '');
  };
  return { questions, terminal };
}

describe('where the passphrase comes from', () => {
  const env = { VAULT_PASSPHRASE_FD: '4', VAULT_PASSPHRASE_FILE: '/env/file' };

  it.each([
    [
      'the descriptor of this run',
      env,
      { descriptor: 3, file: '/flag' },
      '/config',
      { kind: 'descriptor', descriptor: 3 },
    ],
    [
      'the file of this run',
      env,
      { descriptor: null, file: '/flag' },
      '/config',
      { kind: 'file', path: '/flag' },
    ],
    ['the environment’s descriptor', env, nothing, '/config', { kind: 'descriptor', descriptor: 4 }],
    [
      'the environment’s file',
      { ...env, VAULT_PASSPHRASE_FD: '' },
      nothing,
      '/config',
      { kind: 'file', path: '/env/file' },
    ],
    ['the file of config.json', {}, nothing, '/config', { kind: 'file', path: '/config' }],
    ['a person', {}, nothing, null, { kind: 'terminal' }],
  ])('%s overrides the ones after it', (_what, given, named, file, way) => {
    expect(passphraseInput(given, named, file)).toEqual(way);
  });

  it.each([
    { VAULT_PASSPHRASE_FD: '1' },
    { VAULT_PASSPHRASE_FD: '2' },
    { VAULT_PASSPHRASE_FD: '-3' },
    { VAULT_PASSPHRASE_FD: 'three' },
    { VAULT_PASSPHRASE_FILE: 'passphrase' },
  ])('%j is invalid', (given) => {
    const hint = expect.stringContaining(Object.keys(given)[0] ?? '');
    expect(() => passphraseInput(given, nothing, null)).toThrow(
      expect.objectContaining({ code: 'config_invalid', hint }),
    );
  });
});

describe('asking for it', () => {
  it('asks once for a known one, and twice for a new one until both match', async () => {
    const once = typing('one');
    const asking = askPassphrase(deps({ terminal: once.terminal }), { kind: 'terminal' });
    expect((await asking.ask(false)).reveal()).toBe('one');
    expect(once.questions).toEqual(['passphrase of the vault: ']);
    expect(asking.given()?.reveal()).toBe('one');

    const twice = typing('four words as one', 'four words as two', 'three words long', 'three words long');
    const fresh = askPassphrase(deps({ terminal: twice.terminal }), { kind: 'terminal' });
    expect((await fresh.ask(true)).reveal()).toBe('three words long');
    const never = typing(...[1, 2, 3, 4, 5, 6, 7].map((each) => `another phrase ${each}`));
    const stubborn = askPassphrase(deps({ terminal: never.terminal }), { kind: 'terminal' });
    await expect(stubborn.ask(true)).rejects.toMatchObject({ code: 'usage' });
    expect(never.questions).toHaveLength(6);
  });

  it('says how long a new one has to be, and asks again for one that is too short', async () => {
    const short = typing('short', 'four words as one', 'four words as one');
    const asking = askPassphrase(deps({ terminal: short.terminal }), { kind: 'terminal' });
    expect((await asking.ask(true)).reveal()).toBe('four words as one');
    expect(short.questions).toEqual([
      'new passphrase of the vault (12 characters or more): ',
      'too short; new passphrase (12 characters or more): ',
      'repeat the passphrase: ',
    ]);
  });

  it('takes the first line of a file', async () => {
    const content = Buffer.from('words of a file\r\nmore\n');
    const asking = askPassphrase(deps({ readFile: () => content }), { kind: 'file', path: '/file' });
    expect((await asking.ask(true)).reveal()).toBe('words of a file');
    expect(asking.place).toBe('passphrase in /file');
    expect(content.every((byte) => byte === 0)).toBe(true);
  });

  it('reads a descriptor once, however often it is needed', async () => {
    let reads = 0;
    const readDescriptor = async () => {
      reads += 1;
      return { kind: 'line', text: 'words' } as const;
    };
    const asking = askPassphrase(deps({ readDescriptor }), { kind: 'descriptor', descriptor: 3 });
    for (const fresh of [true, false]) expect((await asking.ask(fresh)).reveal()).toBe('words');
    expect(reads).toBe(1);
  });

  it('delays one that may be wrong, but not a new or known one', async () => {
    const order: string[] = [];
    const terminal = async () => {
      order.push('asked');
      return new Secret('four words as one');
    };
    const turn = async () => void order.push('turn');
    const asking = askPassphrase(deps({ terminal, turn }), { kind: 'terminal' });
    await asking.ask(false);
    expect(order).toEqual(['turn', 'asked']);
    await asking.ask(true);
    await askPassphrase(deps({ turn }), { kind: 'known', passphrase: new Secret('one') }).ask(false);
    expect(order.filter((step) => step === 'turn')).toHaveLength(1);
  });

  it.each([
    ['there is no terminal', { kind: 'terminal' }, 'key_unavailable', 'VAULT_PASSPHRASE_FILE'],
    ['the file is not there', { kind: 'file', path: '/file' }, 'key_missing', "(umask 077; cat > '/file')"],
    ['the descriptor is closed', { kind: 'descriptor', descriptor: 3 }, 'key_unavailable', '3< "$HOME'],
  ] as const)('fails with exit code 6 and a hint where %s', async (_why, way, code, hint) => {
    const readDescriptor = async () => ({ kind: 'not_open' }) as const;
    await expect(askPassphrase(deps({ readDescriptor }), way).ask(false)).rejects.toMatchObject({
      code,
      exitCode: 6,
      hint: expect.stringContaining(hint),
    });
  });
});
