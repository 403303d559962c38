import { accountName } from '../domain/account.js';
import { formatDuration, MINUTE } from '../domain/duration.js';
import { FROM_BACKUP, INSTALL_CURRENT, VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { count } from '../domain/wording.js';
import type { Inspection } from '../stores/inspection.js';
import { openContents } from '../vault/sealed-record.js';
import type { Check, HealthDeps } from './contract.js';
import { howToBegin } from './keychain.js';
import { waitingFindings } from './waiting.js';

/** A refresh in flight has an open intent as well; none takes this long. */
const CUT_OFF_AFTER = 4 * MINUTE;

/** Endings of the copies that commands make beside the database, each with its command. */
const COPIES = [
  ['restoring', 'restore'],
  ['snapshot', 'backup'],
] as const;

/** Whether the database is sound: to SQLite, in its rows, and in each sealed field. */
export const database: Check = {
  name: 'database',
  title: 'database',
  group: 'vault',
  async run(deps) {
    const cutOff = leftCopies(deps);
    const inspection = await opened(deps);
    if (inspection === null) {
      const vanished = await deps.vanished();
      if (vanished !== null) return [problemOf(vanished), ...cutOff];
      return [...cutOff, skipped(`there is no vault yet at ${deps.paths.database}`, await howToBegin(deps))];
    }
    if ('status' in inspection) return [inspection, ...cutOff];
    const form = await formOf(inspection);
    if (form !== null) return [form, ...cutOff];
    const rows = [...(await unfinished(deps, inspection)), ...(await sealedRows(deps, inspection))];
    return [fine(`${inspection.path} is sound (schema ${inspection.schemaVersion})`), ...rows, ...cutOff];
  },
};

async function opened(deps: HealthDeps): Promise<Inspection | Finding | null> {
  try {
    return await deps.inspect();
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    // The next command puts it right.
    const passing = failure.code === 'refresh_interrupted' || failure.code === 'busy';
    return passing ? warning(failure.message, failure.hint ?? 'vault list') : problemOf(failure);
  }
}

/** Copies that a backup or restore takes away when it is done; each holds everything that is sealed. */
function leftCopies({ look, paths, commands }: HealthDeps): readonly Finding[] {
  return COPIES.flatMap(([suffix, maker]) => {
    const path = `${paths.database}.${suffix}`;
    if (look.at(path) === null) return [];
    const message = `${path} is a copy of a vault that a cut-off vault ${maker} has left, unless one runs now; the next one takes it away`;
    return [warning(message, `rm ${commands.quoted(path)}`)];
  });
}

async function formOf(inspection: Inspection): Promise<Finding | null> {
  const { path, isVault, schemaVersion, knownVersion } = inspection;
  if (!isVault || schemaVersion < 1) {
    return problem('vault_damaged', `${path} is not a token-vault database`, FROM_BACKUP);
  }
  if (schemaVersion > knownVersion) {
    const message = `${path} was written by a newer version of this program (schema ${schemaVersion})`;
    return problem('vault_newer', message, INSTALL_CURRENT);
  }
  if (schemaVersion < knownVersion) {
    const message = `${path} has the form of an older version (schema ${schemaVersion} of ${knownVersion})`;
    return warning(message, 'any command brings it up to date: vault list');
  }
  const faults = await inspection.faults();
  if (faults > 0) {
    const message = `${path} is damaged: SQLite finds ${count(faults, 'fault')} in it`;
    return problem('vault_damaged', message, FROM_BACKUP);
  }
  const odd = await inspection.oddTables();
  if (odd !== null) return problem('vault_damaged', `${path} was altered or is damaged: ${odd}`, FROM_BACKUP);
  const orphans = await inspection.orphans();
  if (orphans === 0) return null;
  const message = `${path} is damaged: it has ${count(orphans, 'row')} of an account or key that is not there`;
  return problem('vault_damaged', message, FROM_BACKUP);
}

/** Refreshes whose outcome is open, and what the database could not take. */
async function unfinished(deps: HealthDeps, inspection: Inspection): Promise<Finding[]> {
  const { clock, commands } = deps;
  const now = clock.now();
  const waiting = await waitingFindings(deps, inspection);
  const told = new Set(waiting.map(({ account }) => account));
  const cutOff = (await inspection.intents()).filter(({ at }) => now - at > CUT_OFF_AFTER);
  const open = (await inspection.store.accounts()).flatMap((account) => {
    const name = accountName(account);
    const intent = cutOff.find(({ accountId }) => accountId === account.id);
    if (intent === undefined || told.has(name)) return [];
    const message = `the outcome of a refresh of ${name} that began ${formatDuration(now - intent.at)} ago is open: no final answer came, and the provider may have replaced the refresh token`;
    return [warning(message, commands.afterLostAnswer(account, now), { account: name })];
  });
  return [...waiting, ...open];
}

async function sealedRows({ keyring }: HealthDeps, { store }: Inspection): Promise<Finding[]> {
  const accounts = await store.accounts();
  if (accounts.length === 0) return [fine('there is no account in it yet')];
  const keys = await keyring().catch(() => null);
  if (keys === null) return [skipped('no sealed field was opened: there is no key for them')];
  const findings: Finding[] = [];
  for (const { id } of accounts) {
    const account = await store.account(id);
    if (account === null) continue;
    try {
      openContents(keys, account);
      await store.consents(id);
    } catch (failure) {
      if (!(failure instanceof VaultError)) throw failure;
      findings.push(problemOf(failure, { account: accountName(account) }));
    }
  }
  if (findings.length > 0) return findings;
  return [fine(`everything sealed of ${count(accounts.length, 'account')} opens`)];
}
