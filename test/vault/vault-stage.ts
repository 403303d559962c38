import type { Database } from 'better-sqlite3';
import { Secret } from '../../src/domain/secret.js';
import type { MasterKeyRow, SealedAccount, Store } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { newVault } from '../../src/vault/new-vault.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { Vault, VaultParts } from '../../src/vault/vault.js';
import { accountExample } from '../doubles/account.js';
import { type ClockDouble, clockDouble } from '../doubles/clock.js';
import { marksDouble } from '../doubles/ledger.js';
import { tamper } from '../harness/tamper.js';
import { MASTER, vaultFolder } from '../harness/vault-folder.js';

/** A vault whose database somebody else can get at, used at places of which each has its own mark. */
export interface WholeStage {
  readonly file: string;
  readonly clock: ClockDouble;
  readonly notices: string[];
  /** The marks of the place where the vault was made. */
  readonly here: ReturnType<typeof marksDouble>;
  /** As a process of its own has it. */
  open(marks?: ReturnType<typeof marksDouble>, over?: Partial<VaultParts>): Promise<Vault>;
  store(): Promise<Store>;
  /** Adds accounts with these labels, here. */
  add(...labels: readonly string[]): Promise<void>;
  /** Makes the next generation of an account. */
  renew(vault: Vault, label: string): Promise<SealedAccount>;
  /** Works on the database as somebody with another program would. */
  tamper(work: (database: Database) => void): void;
  close(): Promise<void>;
}

export async function openWholeStage(): Promise<WholeStage> {
  const folder = vaultFolder();
  const here = marksDouble();
  const notices: string[] = [];
  const clock = clockDouble(1_000_000);
  const { head, mark } = newVault({
    vaultId: Buffer.alloc(16, 5),
    source: 'file',
    master: MASTER,
    now: 1,
    where: here.where,
  });
  here.create(mark.name, mark.bytes);
  await (await folder.factory.create(head)).close();
  const [masterKey] = head.masterKeys as readonly [MasterKeyRow];
  const opened: Vault[] = [];

  const stage: WholeStage = {
    file: folder.paths.database,
    clock,
    notices,
    here,
    async open(marks = here, over = {}) {
      const store = await folder.factory.open();
      const vault = vaultOver({
        store,
        unlock: async () => openKeyring(await store.head(), masterKey, MASTER),
        marks: async () => marks,
        clock,
        notice: (line, hint) => void notices.push(hint === undefined ? line : `${line}\nhint: ${hint}`),
        ...over,
      });
      opened.push(vault);
      return vault;
    },
    store: () => folder.factory.open(),
    async add(...labels) {
      const vault = await stage.open();
      for (const label of labels) {
        const identity = { subject: `subject-${label}`, email: null, name: null, details: {} };
        const contents = {
          accessToken: new Secret('access-token-example'),
          refreshToken: null,
          identity,
          idToken: null,
        };
        if ((await vault.add(accountExample({ label }), contents)) === null) throw new Error('taken');
      }
    },
    async renew(vault, label) {
      const found = (await vault.accounts()).find((account) => account.label === label);
      const account = found === undefined ? null : await vault.account(found.id);
      if (account === null) throw new Error(`${label} is gone`);
      const next = await vault.update(account, {}, await vault.contents(account));
      if (next === null) throw new Error('somebody else was faster');
      return next;
    },
    tamper: (work) => tamper(folder.paths.database, work),
    async close() {
      for (const vault of opened) await vault.close();
      folder.remove();
    },
  };
  return stage;
}
