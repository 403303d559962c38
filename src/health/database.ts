import { type Account, accountName } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { INSTALL_CURRENT, VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { command, fromBackup, loginCommand, shellName } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { count } from '../domain/wording.js';
import type { Inspection } from '../stores/inspection.js';
import type { FoundAnswer } from '../stores/spill.js';
import { isDamage } from '../vault/damage.js';
import type { Keyring } from '../vault/keyring.js';
import { openContents } from '../vault/sealed-account.js';
import { openAnswer, openLogin } from '../vault/sealed-spill.js';
import type { Check, HealthContext } from './contract.js';
import { initHint } from './keys.js';

/** A refresh in flight has an open intent too, but ends sooner. */
const INTERRUPTED_AFTER = 4 * MINUTE;

/** Suffixes of temporary copies beside the database, each with its command. */
const COPIES = [
  ['restoring', 'restore'],
  ['snapshot', 'backup'],
] as const;

/** Whether the database is intact: for SQLite, in its rows, and in each sealed field. */
export const database: Check = {
  name: 'database',
  title: 'database',
  group: 'vault',
  async run(ctx) {
    const copies = leftCopies(ctx);
    const inspection = await opened(ctx);
    if (inspection === null) {
      const vanished = await ctx.vanished();
      if (vanished !== null) return [problemOf(vanished), ...copies];
      return [...copies, skipped(`there is no vault yet at ${ctx.paths.database}`, await initHint(ctx))];
    }
    if ('status' in inspection) return [inspection, ...copies];
    const form = await formOf(inspection);
    if (form !== null) return [form, ...copies];
    const rows = [...(await unfinished(ctx, inspection)), ...(await sealedRows(ctx, inspection))];
    return [fine(`${inspection.path} is intact (schema ${inspection.schemaVersion})`), ...rows, ...copies];
  },
};

async function opened(ctx: HealthContext): Promise<Inspection | Finding | null> {
  try {
    return await ctx.inspect();
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    // The next command repairs it.
    const passing = failure.code === 'refresh_interrupted' || failure.code === 'busy';
    return passing ? warning(failure.message, failure.hint ?? command('list')) : problemOf(failure);
  }
}

/** Temporary copies of an interrupted backup or restore; each holds all sealed data. */
function leftCopies({ fs, paths }: HealthContext): readonly Finding[] {
  return COPIES.flatMap(([suffix, maker]) => {
    const path = `${paths.database}.${suffix}`;
    if (fs.info(path) === null) return [];
    const message = `${path} was left by an interrupted ${maker}, unless a ${maker} is running now; the next ${maker} removes the file`;
    return [warning(message, `rm ${quoted(path)}`)];
  });
}

async function formOf(inspection: Inspection): Promise<Finding | null> {
  const { path, isVault, schemaVersion, knownVersion } = inspection;
  if (!isVault || schemaVersion < 1) {
    return problem('vault_damaged', `${path} is not a token-vault database`, fromBackup());
  }
  if (schemaVersion > knownVersion) {
    const message = `${path} was written by a newer version of this program (schema ${schemaVersion})`;
    return problem('vault_newer', message, INSTALL_CURRENT);
  }
  if (schemaVersion < knownVersion) {
    const message = `${path} has the schema of an older version (${schemaVersion}; current: ${knownVersion})`;
    return warning(message, `any command upgrades it: ${command('list')}`);
  }
  const faults = await inspection.faults();
  if (faults > 0) {
    const message = `${path} is damaged: SQLite finds ${count(faults, 'fault')} in it`;
    return problem('vault_damaged', message, fromBackup());
  }
  const odd = await inspection.oddTables();
  if (odd !== null)
    return problem('vault_damaged', `${path} was altered or is damaged: ${odd}`, fromBackup());
  const orphans = await inspection.orphans();
  if (orphans === 0) return null;
  const message = `${path} is damaged: it has ${count(orphans, 'row')} of a missing account or key`;
  return problem('vault_damaged', message, fromBackup());
}

/** Refreshes whose outcome is open, and answers in spill slots. */
async function unfinished(ctx: HealthContext, inspection: Inspection): Promise<Finding[]> {
  const { clock } = ctx;
  const now = clock.now();
  const waiting = await spillFindings(ctx, inspection);
  const reported = new Set(waiting.map(({ account }) => account));
  const interrupted = (await inspection.intents()).filter(({ at }) => now - at > INTERRUPTED_AFTER);
  const open = (await inspection.store.accounts()).flatMap((account) => {
    const name = accountName(account);
    const intent = interrupted.find(({ accountId }) => accountId === account.id);
    if (intent === undefined || reported.has(name)) return [];
    const message = `the outcome of a refresh of ${name} that began ${formatDuration(now - intent.at)} ago is open: no final answer came, and the provider may have replaced the refresh token`;
    return [warning(message, ctx.lostAnswerHint(account, now), { account: name })];
  });
  return [...waiting, ...open];
}

async function sealedRows({ keyring }: HealthContext, { store }: Inspection): Promise<Finding[]> {
  const accounts = await store.accounts();
  if (accounts.length === 0) return [fine('it has no accounts yet')];
  const keys = await keyring().catch(() => null);
  if (keys === null) return [skipped('the encrypted fields were not checked, because no key is available')];
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
  return [fine(`all encrypted fields of ${count(accounts.length, 'account')} can be opened`)];
}

/** A spill slot, and whether a command can store its content. */
interface Spilled {
  readonly slot: FoundAnswer;
  /** Null: not in this vault. */
  readonly account: Account | null;
  readonly opens: boolean;
}

/**
 * Answers and finished logins that could not be written to the database. Commands store those that open. The others are lost:
 * their accounts need a login, and then their files can be removed, once they hold nothing that opens.
 */
async function spillFindings(ctx: HealthContext, inspection: Inspection): Promise<Finding[]> {
  const slots = ctx.spilled();
  if (slots.length === 0) return [];
  const keys = await ctx.keyring().catch(() => null);
  const all: Spilled[] = [];
  for (const slot of slots) all.push(await judged(inspection, keys, slot));
  return all.map((each) => finding(each, all));
}

async function judged({ store }: Inspection, keys: Keyring | null, slot: FoundAnswer): Promise<Spilled> {
  const account = await store.account(slot.accountId);
  const { generation, accountId, sealed } = slot;
  // Without a key it is unknown, and the command that would store it reports the problem.
  if (keys === null) return { slot, account, opens: account !== null || generation === null };
  try {
    if (generation === null) return { slot, account, opens: openLogin(keys, accountId, sealed) !== null };
    const opens = account !== null && openAnswer(keys, account, generation, sealed) !== null;
    return { slot, account, opens };
  } catch (failure) {
    // The account itself does not open, which is reported as well.
    if (isDamage(failure)) return { slot, account, opens: false };
    throw failure;
  }
}

function finding({ slot, account, opens }: Spilled, all: readonly Spilled[]): Finding {
  const { path } = slot;
  const store = (of: Account | null) => command(`refresh ${of === null ? '--all' : shellName(of)}`);
  const about = account === null ? {} : { account: accountName(account) };
  if (opens) {
    const what = slot.generation === null ? 'a finished login' : 'an answer';
    const whose = account === null ? '' : ` for ${accountName(account)}`;
    const message = `${what}${whose} is kept beside the vault, because the vault could not be written when it arrived`;
    return warning(message, store(account), about);
  }
  const others = all.filter((each) => each.opens && each.slot.path === path);
  const first = [...new Set(others.map((each) => store(each.account)))];
  const remove = ['while no other vault command is running:', `rm ${quoted(path)}`];
  if (account === null) {
    const message = `${path} holds an answer for an account that is not in this vault: it was removed, or the vault was replaced`;
    return warning(message, [...first, ...remove].join('\n'));
  }
  const message = `${path} holds an answer for ${accountName(account)} that cannot be opened, because it is damaged or encrypted with another key; it may contain the newest refresh token`;
  return warning(message, [...first, loginCommand(account), ...remove].join('\n'), about);
}
