import { VaultError } from '../domain/errors.js';
import { relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { KeyChoice, UseCases } from '../services/contract.js';
import type { Io, Progress } from '../ui/io.js';
import { type ActionSpec, fileNamed, type InputOf, keyDocument } from './key-action.js';
import { chosenAgain, impliedKind, readChoice, readKind } from './key-source.js';
import type { RawInput } from './spec.js';
import { given, text, wholeNumber } from './spec.js';

/* The actions of `vault key` that change keys, save them and bring them back. */

export const rotate: ActionSpec = {
  parse(raw, source, command) {
    if (!given(raw, '--data')) return { action: 'rotate', choice: choiceOf(raw, 'rotate', source, command) };
    if (source !== null || impliedKind(raw) !== null)
      throw new VaultError('usage', 'the data keys lie in the vault itself, so --data takes no key source', {
        hint: 'vault key rotate --data',
      });
    return { action: 'rotate', choice: 'data' };
  },

  async run(useCases, { choice }: InputOf<'rotate'>, io: Io) {
    if (choice === 'data') return rotateData(useCases, io);
    const { key, replaced, old, next } = await useCases.rotateKey(choice);
    if (io.json) io.document({ ...keyDocument(key), replaced, old, next });
    io.say(`the ${key.place} holds a new key of the vault; ${old}`, 'green');
    if (next !== null) io.warn(next, 'yellow');
    io.say('backups from before need a recovery file, or the old key: make a new one with vault backup');
  },
};

async function rotateData(useCases: UseCases, io: Io): Promise<void> {
  let progress: Progress | null = null;
  let last = 0;
  const { accounts, resumed, dropped, dataKeys, madeAt } = await useCases
    .rotateDataKeys((done, total) => {
      progress ??= io.progress(total);
      progress.step(`sealed anew: ${done} of ${total}`, done - last);
      last = done;
    })
    .finally(() => progress?.stop());
  if (io.json) io.document({ accounts, resumed, dropped, data_keys: dataKeys, made_at: rfc3339(madeAt) });
  const made = relative(madeAt, io.now());
  io.say(`${count(accounts, 'account')} sealed under new data keys; the old ones are gone`, 'green');
  if (resumed) {
    io.warn(`that ends what an earlier run had begun: the new data keys were made ${made}`, 'yellow');
    io.warn('for newer ones: vault key rotate --data');
  }
  io.warn(
    'recovery files from before those were made do not open the vault any more: vault key export FILE',
    'yellow',
  );
  io.say('the master keys are as before; for a new one: vault key rotate');
}

export const exportKey: ActionSpec = {
  parse(raw, word, more) {
    if (more.length > 0) throw new VaultError('usage', 'vault key export takes one file');
    return { action: 'export', file: fileNamed(word, 'export'), passphrase: passphraseOf(raw) };
  },

  async run(useCases, { file, passphrase }: InputOf<'export'>, io: Io) {
    const exported = await useCases.exportKey({ file, passphrase });
    if (io.json) io.document({ file: exported.file });
    io.say(`${exported.file} was written, read back and opened`, 'green');
    io.say(
      'with its passphrase it opens the vault, and every backup made since its data keys were last replaced: keep it away from both',
    );
    io.say(`where the key is lost: vault key import ${exported.file}`);
  },
};

export const importKey: ActionSpec = {
  parse(raw, word, [source = null, ...command]) {
    return {
      action: 'import',
      file: fileNamed(word, 'import'),
      passphrase: passphraseOf(raw),
      choice: source === null ? null : choiceOf(raw, 'import', source, command, true),
    };
  },

  async run(useCases, { file, passphrase, choice }: InputOf<'import'>, io: Io) {
    const { key, replaced } = await useCases.importKey({ file, passphrase, choice });
    if (io.json) io.document({ ...keyDocument(key), replaced });
    io.say(`the ${key.place} holds a new key, which opens the vault`, 'green');
    if (!key.inUse)
      io.say(
        `to have this machine use it: vault key use ${choice === null ? key.source : chosenAgain(choice)}`,
      );
    io.say('see how the vault stands: vault doctor');
  },
};

function passphraseOf(raw: RawInput) {
  const descriptor = wholeNumber(raw, '--passphrase-fd', 0, 999_999);
  if (descriptor === 1 || descriptor === 2)
    throw new VaultError('usage', '--passphrase-fd takes 0, or a number from 3: 1 and 2 are for output');
  return { file: text(raw, '--passphrase-file'), descriptor };
}

/** @param foreign options of a passphrase are about a recovery file here */
function choiceOf(
  raw: RawInput,
  action: string,
  source: string | null,
  command: readonly string[],
  foreign = false,
): KeyChoice | null {
  const implied = foreign ? null : impliedKind(raw);
  if (source === null && implied === null) return null;
  const kind = source === null ? implied : readKind(source, `vault key ${action}`);
  if (kind === null) return null;
  return readChoice(foreign ? withoutPassphrase(raw) : raw, kind, command);
}

function withoutPassphrase(raw: RawInput): RawInput {
  const { passphraseFile: _, passphraseFd: __, ...options } = raw.options;
  return { ...raw, options };
}
