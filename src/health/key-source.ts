import { ERROR_CODES, type VaultError } from '../domain/errors.js';
import { type Finding, fine, problemOf, skipped, warning } from '../domain/finding.js';
import type { Check, TriedKey } from './contract.js';

/** Failures of a source that is within reach: only the key in it is missing or wrong. */
const HERE = ['key_missing', 'key_wrong'];

/** Whether the master key can be had here, and is this vault's. */
export const keySource: Check = {
  name: 'key_source',
  title: 'key source',
  group: 'vault',
  async run(deps) {
    const known = await deps.keySources().catch(async (failure: unknown) => {
      // Where the whole configuration cannot be read, that is told already.
      await deps.settings();
      throw failure;
    });
    if ((await deps.inspect().catch(() => 'unreadable')) === null) {
      const place = known.find(({ inUse }) => inUse)?.source.place;
      return [skipped(`there is no vault yet; its key will be in the ${place ?? 'OS keychain'}`)];
    }
    return (await deps.triedKeys()).map((tried) => tell(tried, deps.person));
  },
};

function tell({ source, inUse, outcome }: TriedKey, person: boolean): Finding {
  if (outcome === 'opens') {
    return fine(
      inUse
        ? `the ${source.place} opens this vault`
        : `the ${source.place} opens it as well, and is not in use`,
    );
  }
  if (source.keys === 'derived' && person && outcome.code === 'key_unavailable') {
    return skipped('the passphrase is asked for when a command needs it; none was asked for here');
  }
  if (source.kind === 'keychain' && !HERE.includes(outcome.code)) {
    return skipped('its key could not be tried: see what is said of the keychain');
  }
  return inUse ? problemOf(outcome) : reserve(outcome);
}

/** A source that is not in use keeps nothing from working, and may be meant for another machine or session. */
function reserve(failure: VaultError): Finding {
  const elsewhere = failure.exitCode === ERROR_CODES.key_unavailable && !HERE.includes(failure.code);
  const message = `not in use: ${failure.message}`;
  return elsewhere ? skipped(message) : warning(message, failure.hint ?? 'vault key status');
}
