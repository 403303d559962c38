import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VaultError } from '../../src/domain/errors.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

let stage: WholeStage;
beforeEach(async () => {
  stage = await openWholeStage();
  await stage.add('ada', 'grace', 'edsger');
});
afterEach(() => stage.close());

/** What a new process says of the rows. */
async function verdict(): Promise<string> {
  const vault = await stage.open();
  return vault.verifyRowSet().then(
    () => 'whole',
    ({ code, message, details }: VaultError) => `${code} ${details['row_set']}: ${message}`,
  );
}

const rowOf = (label: string) => `SELECT * FROM accounts WHERE label = '${label}'`;
const DAMAGED = 'the vault was altered or is damaged:';

/** With a second file at hand: a table more would be noticed as such. */
function aside(sql: string): void {
  stage.tamper((database) => database.exec(`ATTACH '${stage.file}.aside' AS aside; ${sql}`));
}

/** Keeps a row as it is now; gives what puts it back. */
function copyOf(label: string): () => void {
  aside(`CREATE TABLE aside.kept AS ${rowOf(label)}`);
  return () => aside('INSERT OR REPLACE INTO accounts SELECT * FROM aside.kept');
}

describe('the rows of a vault', () => {
  it('are complete after each of our changes, even several at once', async () => {
    const vault = await stage.open();
    await stage.renew(vault, 'ada');
    await Promise.all([stage.add('alan'), stage.renew(vault, 'grace'), stage.add('barbara')]);
    const [ada] = await vault.accounts();
    await vault.remove(ada?.id ?? '');
    expect(await verdict()).toBe('whole');
  });

  it('are complete if one of the changes in a shared transaction was refused', async () => {
    const results = await Promise.allSettled([stage.add('alan'), stage.add('ada'), stage.add('barbara')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await verdict()).toBe('whole');
  });

  it.each([
    [1, '1 account is missing'],
    [2, '2 accounts are missing'],
  ])('are incomplete if %d of them was deleted', async (count, said) => {
    stage.tamper((database) =>
      database.exec(`DELETE FROM accounts WHERE id IN (SELECT id FROM accounts LIMIT ${count})`),
    );
    expect(await verdict()).toBe(`vault_damaged missing: ${DAMAGED} ${said}`);
  });

  it('are too many if a deleted one was restored', async () => {
    const putBack = copyOf('grace');
    const vault = await stage.open();
    const [, grace] = (await vault.accounts()).filter(({ label }) => label !== 'edsger');
    await vault.remove(grace?.id ?? '');
    expect(await verdict()).toBe('whole');
    putBack();
    expect(await verdict()).toBe(
      `vault_damaged foreign: ${DAMAGED} google/grace is not among the accounts that were stored last`,
    );
  });

  it('are altered if one was renamed, or two exchanged names', async () => {
    stage.tamper((database) => database.exec("UPDATE accounts SET label = 'eve' WHERE label = 'ada'"));
    expect(await verdict()).toBe(`vault_damaged altered: ${DAMAGED} google/eve was altered`);
    stage.tamper((database) => {
      database.exec("UPDATE accounts SET label = 'ada' WHERE label = 'grace'");
      database.exec("UPDATE accounts SET label = 'grace' WHERE label = 'eve'");
    });
    expect(await verdict()).toMatch(/google\/(ada|grace), google\/(ada|grace) were altered$/);
  });

  it('are older if one was restored from a copy, even if it opens', async () => {
    const putBack = copyOf('grace');
    const vault = await stage.open();
    for (let renewal = 0; renewal < 3; renewal += 1) await stage.renew(vault, 'grace');
    putBack();
    expect(await verdict()).toBe(
      `vault_damaged older: ${DAMAGED} google/grace was restored from an older copy (generation 1 instead of 4)`,
    );
  });

  it('are wrong if one was put in the place of another', async () => {
    const putBack = copyOf('grace');
    const vault = await stage.open();
    const grace = (await vault.accounts()).find(({ label }) => label === 'grace');
    await vault.remove(grace?.id ?? '');
    putBack();
    stage.tamper((database) => database.exec("DELETE FROM accounts WHERE label = 'ada'"));
    expect(await verdict()).toBe(
      `vault_damaged mixed: ${DAMAGED} its accounts are not the ones that were stored last`,
    );
  });

  it('stay wrong whatever is stored afterwards, until accepted', async () => {
    stage.tamper((database) => database.exec("DELETE FROM accounts WHERE label = 'ada'"));
    await stage.add('ada');
    expect(await verdict()).toMatch(/1 account is missing$/);
    const vault = await stage.open();
    expect(await vault.acceptAsItIs()).toMatchObject({ standing: 'current', rowSet: { kind: 'missing' } });
    expect(await verdict()).toBe('whole');
    expect((await vault.accounts()).map(({ label }) => label)).toEqual(['ada', 'edsger', 'grace']);
  });

  it('cannot be checked or changed if their ledger is missing or older', async () => {
    aside('CREATE TABLE aside.kept AS SELECT * FROM ledger');
    await stage.add('alan');
    aside('INSERT OR REPLACE INTO ledger SELECT * FROM aside.kept');
    // An older ledger is a ledger: then the rows do not fit it.
    expect(await verdict()).toMatch(/it holds 1 account more|is not among/);
    stage.tamper((database) => database.exec('UPDATE ledger SET epoch = epoch + 1'));
    expect(await verdict()).toMatch(/its ledger of accounts cannot be opened$/);
    stage.tamper((database) => database.exec('DELETE FROM ledger'));
    expect(await verdict()).toMatch(/its ledger of accounts is missing$/);
    await expect(stage.add('barbara')).rejects.toThrow(expect.objectContaining({ code: 'vault_damaged' }));
    const vault = await stage.open();
    expect(await vault.acceptAsItIs()).toMatchObject({ ledger: { code: 'vault_damaged' } });
    await stage.add('barbara');
    expect(await verdict()).toBe('whole');
  });
});
