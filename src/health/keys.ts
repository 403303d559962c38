import type { TriedKey } from '../access/doctor-access.js';
import { isKeyFailure, VaultError } from '../domain/errors.js';
import { type Finding, fine, problemOf, skipped, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { dataKeyIds } from '../vault/data-keys.js';
import { type Check, type HealthContext, readableVault } from './contract.js';

/** The source is available; only its key is missing or wrong. */
const AVAILABLE = ['key_missing', 'key_wrong'];

/** Whether the master key is available and opens this vault. */
export const keySource: Check = {
  name: 'key_source',
  title: 'key source',
  group: 'vault',
  async run(ctx) {
    const known = await ctx.keySources().catch(async (failure: unknown) => {
      // An unreadable configuration is reported by another check.
      await ctx.settings();
      throw failure;
    });
    if ((await ctx.inspect().catch(() => 'unreadable')) === null) {
      const place = known.find(({ inUse }) => inUse)?.source.place;
      return [skipped(`there is no vault yet; its key will be in the ${place ?? 'OS keychain'}`)];
    }
    return (await ctx.triedKeys()).map((tried) => describeSource(tried, ctx.interactive));
  },
};

function describeSource({ source, inUse, outcome }: TriedKey, interactive: boolean): Finding {
  if (outcome === 'opens') {
    return fine(
      inUse
        ? `the ${source.place} opens this vault`
        : `the ${source.place} opens this vault as well, but is not in use`,
    );
  }
  if (source.keys === 'derived' && interactive && outcome.code === 'key_unavailable') {
    return skipped('commands ask for the passphrase; the doctor does not');
  }
  if (source.kind === 'keychain' && !AVAILABLE.includes(outcome.code)) {
    return skipped('the key could not be tried: see the check of the keychain');
  }
  return inUse ? problemOf(outcome) : spare(outcome);
}

/** A source that is not in use is no problem, and may be for another machine or session. */
function spare(failure: VaultError): Finding {
  const elsewhere = isKeyFailure(failure) && !AVAILABLE.includes(failure.code);
  const message = `not in use: ${failure.message}`;
  return elsewhere ? skipped(message) : warning(message, failure.hint ?? command('key status'));
}

/** The keychain works; the problem is the key, which the check `key_source` reports. */
const ANSWERED = ['key_missing', 'key_wrong', 'vault_damaged'];
/** A reference that no key has. */
const PROBE_ACCOUNT = 'doctor/master/0';
const UNUSED = 'no key of this vault is in a keychain';
const initWithFile = () => command('init --key-source file');

/** Whether the OS keychain works, where a key of the vault is or will be in it. */
export const keychain: Check = {
  name: 'keychain',
  title: 'keychain',
  group: 'vault',
  async run(ctx) {
    const tried = (await ctx.triedKeys()).find(({ source }) => source.kind === 'keychain');
    return [tried === undefined ? await withoutVault(ctx) : describeKeychain(tried)];
  },
};

function describeKeychain({ source, inUse, outcome }: TriedKey): Finding {
  if (outcome === 'opens') return fine(`the ${source.place} answers and is unlocked`);
  // The vault has no key there.
  if (outcome.details['vault_has'] !== undefined) return skipped(UNUSED);
  if (ANSWERED.includes(outcome.code)) return fine(`the ${source.place} answers`);
  return inUse ? problemOf(outcome) : skipped(`not in use: ${outcome.message}`);
}

/** Before there is a vault: whether its key can be stored there. */
async function withoutVault(ctx: HealthContext): Promise<Finding> {
  if ((await ctx.inspect()) !== null) return skipped(UNUSED);
  const failure = await chosenKeychain(ctx);
  if (failure === 'another') return skipped('the key of this vault will not be in a keychain');
  return failure === null
    ? fine('the OS keychain answers and is unlocked')
    : warning(failure.message, initWithFile());
}

/** The failure of the keychain that a new vault would use; null when it works. */
async function chosenKeychain(ctx: HealthContext): Promise<VaultError | 'another' | null> {
  const sources = await ctx.keySources().catch(() => []);
  const chosen = sources.find(({ source, inUse }) => inUse && source.kind === 'keychain');
  if (chosen === undefined) return 'another';
  try {
    await chosen.source.load(PROBE_ACCOUNT);
    return null;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return ANSWERED.includes(failure.code) ? null : failure;
  }
}

/** The command that makes a vault here. */
export async function initHint(ctx: HealthContext): Promise<string> {
  return (await chosenKeychain(ctx)) instanceof VaultError ? initWithFile() : command('init');
}

/** Whether a change of the keys was interrupted: nothing is lost, and old keys are still there. */
export const keyChanges: Check = {
  name: 'key_changes',
  title: 'key changes',
  group: 'vault',
  async run(ctx) {
    const store = await readableVault(ctx);
    if ('status' in store) return [store];
    const findings: Finding[] = [];
    const head = await store.head();
    if (dataKeyIds(head).replaced.length > 0) {
      const message = 'the replacement of the data keys was interrupted, so the old data keys still exist';
      findings.push(warning(message, command('key rotate --data')));
    }
    const leftovers = await store.leftovers();
    for (const kind of new Set(leftovers.map(({ source }) => source))) {
      const message = `an unused master key may still be in the source ${kind}`;
      const action = head.masterKeys.some(({ source }) => source === kind) ? 'rotate' : 'remove';
      findings.push(warning(message, command(`key ${action} ${kind}`)));
    }
    return findings.length > 0 ? findings : [fine('no change of the keys is unfinished')];
  },
};
