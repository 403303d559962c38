import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problemOf, skipped, warning } from '../domain/finding.js';
import type { Check, HealthDeps, TriedKey } from './contract.js';

/** Failures of a keychain that answers. What is wrong is the key, and the check `key_source` tells of that. */
const ANSWERED = ['key_missing', 'key_wrong', 'vault_damaged'];
/** A reference that no key ever has. */
const NOBODYS = 'doctor/master/0';
const UNUSED = 'no key of this vault is in a keychain';
const INIT_WITH_FILE = 'vault init --key-source file';

/** Whether the system's keychain is there, can be reached, and is open; where a key of the vault is in it. */
export const keychain: Check = {
  name: 'keychain',
  title: 'keychain',
  group: 'vault',
  async run(deps) {
    const tried = (await deps.triedKeys()).find(({ source }) => source.kind === 'keychain');
    return [tried === undefined ? await withoutVault(deps) : tell(tried)];
  },
};

function tell({ source, inUse, outcome }: TriedKey): Finding {
  if (outcome === 'opens') return fine(`the ${source.place} answers, and is open`);
  // Not even asked: the vault has no key there.
  if (outcome.details['vault_has'] !== undefined) return skipped(UNUSED);
  if (ANSWERED.includes(outcome.code)) return fine(`the ${source.place} answers`);
  return inUse ? problemOf(outcome) : skipped(`not in use: ${outcome.message}`);
}

/** Before there is a vault: whether its key could go there. */
async function withoutVault(deps: HealthDeps): Promise<Finding> {
  if ((await deps.inspect()) !== null) return skipped(UNUSED);
  const failure = await chosenKeychain(deps);
  if (failure === 'another') return skipped('the key of this vault will not be in a keychain');
  return failure === null
    ? fine('the OS keychain answers, and is open')
    : warning(failure.message, INIT_WITH_FILE);
}

/** How the keychain fails that the key of a new vault would go to; null when it works. */
async function chosenKeychain(deps: HealthDeps): Promise<VaultError | 'another' | null> {
  const sources = await deps.keySources().catch(() => []);
  const chosen = sources.find(({ source, inUse }) => inUse && source.kind === 'keychain');
  if (chosen === undefined) return 'another';
  try {
    await chosen.source.load(NOBODYS);
    return null;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return ANSWERED.includes(failure.code) ? null : failure;
  }
}

/** The command that makes a vault here. */
export async function howToBegin(deps: HealthDeps): Promise<string> {
  return (await chosenKeychain(deps)) instanceof VaultError ? INIT_WITH_FILE : 'vault init';
}
