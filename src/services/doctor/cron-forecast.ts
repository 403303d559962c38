import { type Finding, fine, problem, skipped, warning } from '../../domain/finding.js';
import { count } from '../../domain/wording.js';
import type { Rehearsal, RehearsedAccount } from './cron-rehearsal.js';

/** What will happen under cron, in words. */
export interface Forecast {
  /** Whether cron can open the vault, and has one. */
  readonly well: boolean;
  readonly finding: Finding;
}

/** Without these nothing sealed can be read. */
const DOORS = ['configuration', 'keychain', 'key_source', 'database'];

export function forecast(rehearsal: Rehearsal): Forecast {
  const { results, accounts, error } = rehearsal;
  const findings = (names: readonly string[]) =>
    results.filter(({ check }) => names.includes(check.name)).flatMap((result) => result.findings);
  const shut = findings(DOORS).find(({ status, account }) => status === 'problem' && account === null);
  if (shut !== undefined || error !== null || accounts === null) {
    const why = shut ?? error;
    const remedy = shut?.remedy ?? error?.hint ?? 'vault doctor';
    const message = `cron cannot open the vault: ${why?.message ?? 'the rehearsal did not come to an end'}`;
    return { well: false, finding: problem(why?.code ?? 'unexpected', message, remedy) };
  }
  // The remedy makes one, in a way that works there.
  const noVault = findings(['database']).find(
    ({ status, remedy }) => status === 'skipped' && remedy !== null,
  );
  if (noVault !== undefined)
    return { well: false, finding: skipped('cron finds no vault', noVault.remedy ?? undefined) };
  if (accounts.length === 0)
    return { well: true, finding: fine('cron can open the vault, and there is no account in it') };
  return { well: true, finding: ofAccounts(accounts, findings(['clients', 'grants', 'database'])) };
}

function ofAccounts(accounts: readonly RehearsedAccount[], findings: readonly Finding[]): Finding {
  const troubles = findings.filter(
    ({ status, code }) => status === 'problem' && code !== 'provider_unavailable',
  );
  const troubleOf = ({ account, outcome }: RehearsedAccount): Finding | 'login' | null => {
    const provider = account.split('/', 1)[0];
    const found = troubles.find((each) =>
      each.account === null ? each.provider === provider : each.account === account,
    );
    return found ?? (outcome === 'login_needed' ? 'login' : null);
  };
  const able = accounts.filter((account) => troubleOf(account) === null);
  const due = able.filter(({ outcome }) => outcome === 'would_refresh').length;
  const all = accounts.length;
  const said = `cron will be able to refresh ${able.length === all ? count(all, 'account') : `${able.length} of ${count(all, 'account')}`}`;
  const soon = due === 0 ? '' : `; ${due} due within 3 days`;
  if (able.length === all) return fine(`${said}${soon}`);
  const [first] = troubles;
  const remedy = first?.remedy ?? 'vault list --status login_needed';
  if (able.length > 0) return warning(`${said}${soon}`, remedy);
  return problem(
    first?.code ?? 'login_needed',
    `cron will be able to refresh none of ${count(all, 'account')}`,
    remedy,
  );
}
