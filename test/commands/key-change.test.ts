import { describe, expect, it } from 'vitest';
import { key } from '../../src/commands/key.js';
import { DAY } from '../../src/domain/duration.js';
import type { MasterKeyView, UseCases } from '../../src/services/contract.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { useCasesDouble } from '../doubles/use-cases.js';
import { inputOf } from './raw.js';

const reference = (version: number) => `${'ab'.repeat(16)}/master/${version}`;
const made: MasterKeyView = {
  source: 'file',
  reference: reference(2),
  createdAt: NOW,
  place: 'key file /home/alice/master.key',
  inUse: true,
};
const nothing = { file: null, descriptor: null };

async function printed(
  line: string,
  useCases: Parameters<typeof useCasesDouble>[0],
  options: TerminalOptions = {},
) {
  const { io, written } = terminal(options);
  await key.run(useCasesDouble(useCases), await inputOf(key, line), io);
  return written;
}

describe('vault key', () => {
  it.each([
    ['rotate', { action: 'rotate', choice: null }],
    ['rotate keychain', { action: 'rotate', choice: { setting: { kind: 'keychain' }, passphraseFd: null } }],
    [
      'rotate --passphrase-file /new',
      { action: 'rotate', choice: { setting: { kind: 'passphrase', file: '/new' }, passphraseFd: null } },
    ],
    ['export r', { action: 'export', file: 'r', passphrase: nothing }],
    [
      'export r --passphrase-fd 3',
      { action: 'export', file: 'r', passphrase: { file: null, descriptor: 3 } },
    ],
    ['import r', { action: 'import', file: 'r', passphrase: nothing, choice: null }],
    [
      'import r file --key-file /k --passphrase-file /p',
      {
        action: 'import',
        file: 'r',
        passphrase: { file: '/p', descriptor: null },
        choice: { setting: { kind: 'file', path: '/k' }, passphraseFd: null },
      },
    ],
  ])('understands "%s"', async (line, input) => {
    expect(await inputOf(key, line)).toEqual(input);
  });

  it.each([
    ['export', /takes the file/],
    ['import', /takes the file/],
    ['export a b', /takes one file/],
    ['export a --passphrase-fd 1', /1 and 2 are for output/],
    ['rotate pocket', /takes one of/],
    ['import r pocket', /takes one of/],
  ])('refuses "%s"', async (line, why) => {
    await expect(inputOf(key, line)).rejects.toThrow(why);
  });

  it('says what became of the old key, and what its backups need', async () => {
    const rotated = { key: made, replaced: reference(1), old: 'the old one was deleted', next: null };
    const { stdout, stderr } = await printed('rotate', { rotateKey: async () => rotated });
    expect(stdout).toBe('');
    expect(stderr).toContain(
      'key file /home/alice/master.key holds a new key of the vault; the old one was deleted',
    );
    expect(stderr).toContain('vault backup');
    const document = await printed('rotate', { rotateKey: async () => rotated }, { json: true });
    expect(JSON.parse(document.stdout)).toMatchObject({
      reference: reference(2),
      replaced: reference(1),
      next: null,
    });
  });

  it('says of a recovery file that it was opened again, and how it is used', async () => {
    const { stderr } = await printed('export r', { exportKey: async () => ({ file: '/home/alice/r' }) });
    expect(stderr).toContain('/home/alice/r was written, read back and opened');
    expect(stderr).toContain('vault key import /home/alice/r');
  });

  it('says after an import how to use a key that this machine does not use yet', async () => {
    const imported = async () => ({ key: { ...made, inUse: false }, replaced: [] });
    const { stderr } = await printed('import r file', { importKey: imported });
    expect(stderr).toContain('vault key use file');
    const words: readonly (readonly [MasterKeyView['source'], string])[] = [
      ['file', 'file --key-file /k'],
      ['command', 'command -- cat /k'],
    ];
    for (const [source, line] of words) {
      const importKey = async () => ({ key: { ...made, source, inUse: false }, replaced: [] });
      const said = await printed(`import r ${line}`, { importKey });
      expect(said.stderr).toContain(`to have this machine use it: vault key use ${line}\n`);
    }
  });

  it('takes no key source with the data keys, which lie in the vault itself', async () => {
    for (const line of ['rotate file --data', 'rotate --data --key-file /k']) {
      await expect(printed(line, {})).rejects.toMatchObject({ code: 'usage' });
    }
  });

  it('tells of new data keys how many accounts were sealed anew, and that older recovery files are of no use', async () => {
    const rotateDataKeys: UseCases['rotateDataKeys'] = async (report) => {
      report(50, 120);
      report(120, 120);
      return { accounts: 120, resumed: true, dropped: [1, 2], dataKeys: [3, 4], madeAt: NOW - 3 * DAY };
    };
    const { stderr } = await printed('rotate --data', { rotateDataKeys });
    expect(stderr).toContain('sealed anew: 50 of 120\nsealed anew: 120 of 120\n');
    expect(stderr).toContain('120 accounts sealed under new data keys; the old ones are gone');
    expect(stderr).toContain('the new data keys were made 3d ago\nfor newer ones: vault key rotate --data');
    expect(stderr).toContain('the master keys are as before');
    expect(stderr).toContain('vault key export FILE');
  });

  it('tells in its status what old data keys still seal, and how they are got rid of', async () => {
    const view = { purpose: 'identity', createdAt: NOW };
    const status = async () => ({
      keys: [made],
      dataKeys: [
        { ...view, id: 1, replaced: true, accounts: 3 },
        { ...view, id: 6, replaced: false, accounts: 40 },
      ],
      unfinished: [],
      inUse: 'file' as const,
      decidedBy: null,
    });
    const { stderr } = await printed('status', { keyStatus: status });
    expect(stderr).toMatch(/the same 1 data key, made .*; 40 accounts sealed under them/);
    expect(stderr).toMatch(/unfinished: .*: 1 data key, .* 3 accounts sealed under them/);
    expect(stderr).toContain('hint: vault key rotate --data');
  });

  it('tells in its status of a change that was cut off, and how it is finished', async () => {
    const status = async () => ({
      keys: [made],
      dataKeys: [{ id: 1, purpose: 'ledger', createdAt: NOW, replaced: false, accounts: 0 }],
      unfinished: [{ source: 'file', reference: reference(1), since: NOW }],
      inUse: 'file' as const,
      decidedBy: null,
    });
    const { stderr } = await printed('status', { keyStatus: status });
    expect(stderr).toContain('opens the same 1 data key');
    expect(stderr).toContain('unfinished: master/1');
    expect(stderr).toContain('where that source works: vault key rotate file');
  });
});
