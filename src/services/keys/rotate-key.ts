import { VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import type { KeySource } from '../../keysources/contract.js';
import { exchangeKey } from './exchange-key.js';
import { heldIn } from './held-key.js';
import type { RotatedKey } from './key-changes-contract.js';
import type { OpenVault } from './key-trail.js';
import { holdingVault, type KeysDeps, noSuchKey, present, viewOf } from './keys.js';
import { tidyLeftovers } from './leftover-keys.js';
import { requireCurrentHere, whyItStays } from './other-copies.js';
import { rowsOf, withKeyring } from './unlock.js';

/**
 * Puts a new master key in the place of the old one of one source. The order that loses nothing: the new reference is noted
 * in the vault, the key made beside the old one and read back; one commit exchanges the rows and
 * notes the old reference; the old key is taken out of its source and its note with it. Cut off anywhere, the vault opens
 * with the old key or with the new one, both of which are there, and the notes tell the next run what to clear away.
 *
 * @param choice the source; null: the one in use
 * @throws VaultError as {@link KeyChangeUseCases.rotateKey}
 */
export async function rotateKey(deps: KeysDeps, choice: KeySource | null): Promise<RotatedKey> {
  const store = await present(deps);
  return holdingVault(deps, async () => {
    const head = await store.head();
    const inUse = await deps.present();
    const target = choice ?? inUse;
    const { kind } = target;
    const dropped = rowsOf(head, kind);
    const [row] = dropped;
    if (row === undefined) throw noSuchKey(head, kind);
    if (target.keys === 'given' && kind === inUse.kind) throw ownersKey(kind, target.recipe);
    if (kind === inUse.kind && target.path !== inUse.path) throw elsewhere(inUse);
    const { reference: replaced } = row;
    return withKeyring(deps, head, inUse, async (keyring) => {
      const vault = { store, keyring };
      await requireCurrentHere(deps, vault);
      if (target.keys === 'stored' && (await heldIn(target, head, row)) !== 'held') throw notThere(target);
      await tidyLeftovers(vault, target, replaced);
      const made = await exchangeKey(deps, {
        store,
        head,
        target,
        dropped,
        keyring,
        event: (reference) => ({ event: 'key_rotated', key_source: kind, reference, replaced }),
      });
      return {
        key: viewOf(made, target, kind === inUse.kind),
        replaced,
        old: await retire(vault, target, made.reference, replaced),
        next: nextStep(target, inUse),
      };
    });
  });
}

/** The vault does not need the old key any more, so a failure here undoes nothing. @returns what became of the key, in words */
async function retire(vault: OpenVault, target: KeySource, kept: string, dropped: string): Promise<string> {
  const { kind, place } = target;
  const forget = () => vault.store.forgetLeftover({ reference: dropped, source: kind });
  try {
    const why = target.keys === 'stored' ? await whyItStays(vault, dropped) : null;
    if (why !== null) {
      await forget();
      return `the old one stays in the ${place}: ${why}`;
    }
    const gone = target.keys === 'stored' ? await target.drop(dropped, kept) : null;
    await forget();
    if (gone === true) return `the old one was deleted from the ${place}`;
    if (gone === null) return 'the old one opens nothing any more';
    return `the old one stays in the ${place}, first line: other vaults may need it`;
  } catch {
    return `the old one could not be deleted from the ${place} yet; the next vault key rotate does it`;
  }
}

/** A passphrase that has come from another file than usual does not come from there by itself the next time. */
function nextStep({ setting }: KeySource, { setting: usual }: KeySource): string | null {
  if (setting.kind !== 'passphrase' || usual.kind !== 'passphrase') return null;
  if (setting.file === null || setting.file === usual.file) return null;
  return `to have this machine read the new passphrase: vault key use passphrase --passphrase-file ${inQuotes(setting.file)}`;
}

/** Only its owner can replace it, and once it is replaced it does not open the vault: another key has to be there first. */
function ownersKey(kind: KeySource['kind'], recipe: string): VaultError {
  const words = kind === 'command' ? 'command -- …' : kind;
  return new VaultError(
    'usage',
    'the key in use is one that you have put there yourself, so only you can replace it',
    {
      hint: [
        'open the vault with another key meanwhile: vault key add file && vault key use file',
        `replace yours: ${recipe}`,
        `then: vault key rotate ${words} && vault key use ${words} && vault key remove file`,
      ].join('\n'),
    },
  );
}

/** Its path is written down only while this machine opens the vault with it. */
function notThere({ kind, place }: KeySource): VaultError {
  const other =
    kind === 'file' ? 'if it lies in another file: VAULT_KEY_FILE=FILE vault key rotate file\n' : '';
  return new VaultError('usage', `the ${place} does not hold the key that is to be replaced`, {
    hint: `${other}if it is lost: vault key remove ${kind} && vault key add ${kind}`,
  });
}

function elsewhere({ kind, place }: KeySource): VaultError {
  return new VaultError(
    'usage',
    `this machine opens the vault with the ${place}, and the new key has to go there`,
    {
      hint: `vault key rotate ${kind}`,
    },
  );
}
