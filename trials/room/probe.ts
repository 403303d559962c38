import { join } from 'node:path';
import { unlock } from '../../src/access/unlock.js';
import { asVaultError } from '../../src/domain/error-forms.js';
import { VaultError } from '../../src/domain/errors.js';
import type { Finding } from '../../src/domain/finding.js';
import { loginCommand } from '../../src/domain/hints.js';
import type { HealthContext } from '../../src/health/contract.js';
import { database } from '../../src/health/database.js';
import { runChecks } from '../../src/health/index.js';
import { integrity } from '../../src/health/integrity.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { refreshOne } from '../../src/services/refresh/refresh-one.js';
import { NO_RETRIES } from '../../src/services/refresh/refresh-send.js';
import { selectAccount } from '../../src/services/select-account.js';
import { ensureValid } from '../../src/services/token/token.js';
import { formatToken } from '../../src/services/token/token-formats.js';
import { tokenDocument } from '../../src/services/token/token-formats-rest.js';
import { inspectSqlite } from '../../src/stores/inspection.js';
import { readOnlyFs } from '../../src/system/files/read-only.js';
import { NO_NAMES } from '../../test/doubles/no-names.js';
import { nameOf, type Specimen, type Truth } from './specimen.js';
import { boundOf, isOf, sameAs, wholeOf } from './truths.js';

/** Codes with which a vault that somebody worked on may be refused. */
const REFUSALS: readonly string[] = [
  'vault_damaged',
  'vault_newer',
  'vault_rolled_back',
  'vault_cloned',
  // A journal that cannot be played back, and a page that claims to lie behind the end of the file.
  'vault_not_writable',
  // The check value of the key lies in the file as well, and so does the name of the key's source.
  'key_wrong',
  'key_missing',
  'key_unavailable',
  'config_invalid',
];
/** Words of SQLite's and of the language's own messages. */
const RAW = /SQLITE_|malformed|disk image|no such (?:table|column)|constraint|undefined|NaN|\[object|JSON/;

/** What was seen of a vault that somebody worked on. */
export interface Reading {
  /** Promises that did not hold. */
  readonly broken: readonly string[];
  /** Tokens that were given, and that were refused. */
  readonly given: number;
  readonly refused: number;
  /** A listing differs from what was stored, in facts that nothing binds. */
  readonly listed: 'as stored' | 'other words' | 'other facts' | 'refused';
  /** Whether `vault doctor` finds a problem. */
  readonly doctor: 'well' | 'problem';
}

/**
 * Looks at a vault in every way the commands do.
 *
 * @param known what may be given and sent for each account; more than one when a write may or may not have happened
 */
export async function probe(
  specimen: Specimen,
  known: readonly (readonly Truth[])[] = specimen.truths.map((truth) => [truth]),
  thorough = true,
): Promise<Reading> {
  const broken: string[] = [];
  specimen.sent.length = 0;
  let parts = specimen.open();
  let given = 0;
  let refused = 0;
  const wrong = (what: string) => void broken.push(what);

  function refusal(failure: unknown, where: string): VaultError {
    const error = asVaultError(failure);
    refused += 1;
    if (error.code === 'unexpected') wrong(`${where} crashed: ${String(error.cause)}`);
    else if (!REFUSALS.includes(error.code)) wrong(`${where} ended with ${error.code}: ${error.message}`);
    if (RAW.test(`${error.message} ${error.hint}`)) wrong(`${where} tells raw words: ${error.message}`);
    return error;
  }

  // In this order: what only reads comes before what writes.
  const listed = thorough ? await list() : 'as stored';
  if (thorough) await nobody();
  for (const states of known) {
    const [first] = states;
    if (first === undefined) continue;
    await attempt(`token ${nameOf(first)}`, async () => {
      const before = specimen.sent.length;
      const valid = await ensureValid(
        {
          ...NO_NAMES,
          vault: parts.access.open,
          clock: parts.clock,
          providerOrNull: async () => null,
          refresh: (vault, account) => refreshOne(parts.refreshing, vault, account, NO_RETRIES),
        },
        {
          selector: nameOf(first),
          minValid: 300_000,
          scopes: ['notes.read'],
          refresh: false,
          withIdentity: true,
        },
      );
      given += 1;
      const shown = JSON.stringify([
        tokenDocument(valid),
        await formatToken(valid, 'xoauth2'),
        valid.warning,
      ]);
      if (!(await Promise.all(states.map(wholeOf))).includes(shown)) wrong(`token gave ${shown}`);
      if (specimen.sent.length > before) wrong('a valid token was not given at once');
    });
  }
  await afresh();
  const refusedUnchanged = refused;
  const doctor = thorough ? await examine() : 'well';
  for (const states of known) {
    const [first] = states;
    if (first === undefined) continue;
    await attempt(`refresh ${nameOf(first)}`, async () => {
      const before = specimen.sent.length;
      const vault = await parts.access.open();
      if (vault === null) throw new Error('there is no vault');
      const { id } = await selectAccount(NO_NAMES, vault, nameOf(first), 'refresh');
      const account = await vault.account(id);
      if (account === null) return wrong('the account was there and is not');
      const outcome = await refreshOne(parts.refreshing, vault, account, NO_RETRIES);
      const fresh = specimen.sent.slice(before);
      const right = fresh.every((request) => states.some((truth) => isOf(request, truth)));
      if (!right) wrong(`a refresh sent ${JSON.stringify(fresh)}`);
      if (outcome.kind === 'adopted') {
        const { accessToken, refreshToken } = await vault.contents(await vaultAccount(vault, id));
        const tokens = [accessToken?.reveal(), refreshToken?.reveal()].join(' ');
        if (!states.some(({ access, refresh }) => `${access} ${refresh}` === tokens))
          wrong('a refresh took in what was never sent');
      }
    });
  }
  await parts.close().catch((failure: unknown) => refusal(failure, 'the end'));
  if (thorough && doctor === 'well' && (refusedUnchanged > 0 || /facts|refused/.test(listed))) {
    wrong(`something is refused or listed otherwise (${listed}), and the doctor finds nothing`);
  }
  return { broken, given, refused, listed, doctor };

  async function attempt(where: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (failure) {
      refusal(failure, where);
    }
  }

  /** Goes on as another process. */
  async function afresh(): Promise<void> {
    await parts.close().catch((failure: unknown) => refusal(failure, 'the end'));
    parts = specimen.open();
  }

  async function nobody(): Promise<void> {
    await attempt('an account that never was', async () => {
      const failure = await selectAccount(NO_NAMES, await parts.access.open(), 'demo/nobody', 'token').then(
        () => null,
        (error: unknown) => error,
      );
      if (failure === null) return wrong('an account was found that never was');
      // That is the truth, whatever else is broken.
      if (!(failure instanceof VaultError && failure.code === 'account_not_found'))
        refusal(failure, 'nobody');
    });
  }

  async function list(): Promise<Reading['listed']> {
    let found: Reading['listed'] = 'refused';
    await attempt('list', async () => {
      const vault = await parts.access.open();
      const accounts = (await vault?.accounts()) ?? [];
      for (const { id } of accounts) await vault?.consents(id);
      const bound = accounts.map(boundOf);
      const right = known.every((states) => states.some(({ account }) => bound.includes(boundOf(account))));
      const same = known.every((states) =>
        accounts.some((each) => states.some((truth) => sameAs(each, truth))),
      );
      if (!right || accounts.length !== known.length) found = 'other facts';
      else found = same ? 'as stored' : 'other words';
    });
    return found;
  }

  async function examine(): Promise<Reading['doctor']> {
    const { paths, clock, files, marks } = parts;
    const inspection = await inspectSqlite(paths.database, files, clock).catch((failure: unknown) => failure);
    const opened = async () => {
      if (inspection instanceof Error) throw inspection;
      return inspection as Awaited<ReturnType<typeof inspectSqlite>>;
    };
    const keyring = async () => {
      const source = keyFileSource(join(specimen.folder, 'master.key'), files);
      const { master, keyring: keys } = await unlock(
        await (await opened()).store.head(),
        source,
        paths.database,
      );
      master.fill(0);
      return keys;
    };
    const deps = {
      paths,
      clock,
      fs: readOnlyFs,
      inspect: opened,
      keyring,
      marks: async () => marks,
      spilled: () => [],
      lostAnswerHint: loginCommand,
    } as unknown as HealthContext;
    const findings: Finding[] = [];
    try {
      const never = new AbortController().signal;
      const results = await runChecks([database, integrity], deps, never, () => undefined);
      findings.push(...results.flatMap((result) => result.findings));
    } finally {
      await opened().then(
        (each) => each.close(),
        () => undefined,
      );
    }
    for (const { code, message, remedy } of findings) {
      if (code === 'unexpected') wrong(`the doctor failed: ${message}`);
      if (RAW.test(`${message} ${remedy}`)) wrong(`the doctor tells raw words: ${message}`);
    }
    return findings.some(({ status }) => status !== 'ok') ? 'problem' : 'well';
  }
}

async function vaultAccount(vault: { account(id: string): Promise<unknown> }, id: string) {
  return (await vault.account(id)) as never;
}
