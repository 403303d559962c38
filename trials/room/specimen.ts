import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vaultAccess } from '../../src/access/vault-access.js';
import type { SettingsSources } from '../../src/config/settings.js';
import { configureProvider } from '../../src/config/settings.js';
import { type Account, accountName } from '../../src/domain/account.js';
import { Secret } from '../../src/domain/secret.js';
import { TransportFailure } from '../../src/domain/transport.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { catalogue } from '../../src/providers/index.js';
import type { Locks } from '../../src/stores/locks.js';
import type { RollbackMarks } from '../../src/stores/rollback-marks.js';
import { rollbackMarks } from '../../src/stores/rollback-marks.js';
import { spillFolder } from '../../src/stores/spill.js';
import { sqliteFactory } from '../../src/stores/sqlite-store.js';
import { systemClock as clock } from '../../src/system/clock.js';
import type { Http } from '../../src/system/contract.js';
import { createFiles } from '../../src/system/files/files.js';
import { resolvePaths } from '../../src/system/paths.js';
import type { Contents } from '../../src/vault/sealed-account.js';

/** Where files cost no disk, when there is such a place. */
const MEMORY = '/dev/shm';
const MACHINE = 'the machine of the trial';
const ENDPOINT = 'https://issuer.example/token';
/** How long tokens live: longer than any trial. */
const DAY = 86_400_000;

/** What an account was when it was stored. */
export interface Truth {
  readonly account: Account;
  readonly access: string;
  readonly refresh: string;
  readonly email: string;
}

/** A vault in a folder of its own, which can be put back as it was as often as one likes, and opened as processes do. */
export interface Specimen {
  readonly folder: string;
  readonly paths: ReturnType<typeof resolvePaths>;
  readonly truths: readonly Truth[];
  /** The files as they were taken, by their paths below the folder. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** What was sent to a token endpoint, which is never reached. */
  readonly sent: { readonly url: string; readonly body: string }[];
  open(): ReturnType<typeof parts>;
  /** Adds an account. */
  add(label: string): Promise<void>;
  /** What is true of an account from now on. */
  replaceTruth(index: number, truth: Truth): void;
  /** Takes the files as they are now for those that `restore` puts back. */
  take(): void;
  /** Puts every file back, but for what is given. */
  restore(over?: Readonly<Record<string, Uint8Array>>): void;
  remove(): void;
}

/** @param name that of the vault's owner, so that two vaults do not hold the same accounts */
export async function openSpecimen(name: string): Promise<Specimen> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'vault-specimen-'));
  const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: process.platform }, null);
  const sent: { url: string; body: string }[] = [];
  const truths: Truth[] = [];
  const taken = new Map<string, Buffer>();
  const open = () => parts(folder, sent);

  const specimen: Specimen = {
    folder,
    paths,
    truths,
    files: taken,
    sent,
    open,
    async add(label) {
      const opened = open();
      const vault = await opened.access.openOrCreate();
      const email = `${label}@${name}.example`;
      const contents = {
        accessToken: new Secret(`access-token-example-${name}-${label}`),
        refreshToken: new Secret(`refresh-token-example-${name}-${label}`),
        identity: { subject: `subject-${name}-${label}`, email, name: label, details: {} },
        idToken: null,
      } as Contents;
      const account = await vault.add(factsOf(label), contents);
      if (account === null) throw new Error(`${label} is taken`);
      await vault.addConsent(account.id, {
        at: account.createdAt,
        how: 'browser',
        askedScopes: account.askedScopes,
        grantedScopes: account.grantedScopes,
      });
      const [access, refresh] = [contents.accessToken?.reveal() ?? '', contents.refreshToken?.reveal() ?? ''];
      const { sealed: _, ...visible } = account;
      truths.push({ account: visible, access, refresh, email });
      await opened.close();
    },
    replaceTruth: (index, truth) => void truths.splice(index, 1, truth),
    take() {
      taken.clear();
      for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (path.startsWith('locks') || path.endsWith('.log')) continue;
        if (statSync(join(folder, path)).isFile()) taken.set(path, readFileSync(join(folder, path)));
      }
    },
    restore(over = {}) {
      for (const path of ['vault.db-journal', 'spill', 'marks']) {
        rmSync(join(folder, path), { recursive: true, force: true });
      }
      for (const path of ['spill', 'marks']) mkdirSync(join(folder, path), { mode: 0o700 });
      for (const [path, bytes] of taken) {
        writeFileSync(join(folder, path), over[path] ?? bytes, { mode: 0o600 });
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  const key = join(folder, 'master.key');
  writeFileSync(key, `${Buffer.alloc(32, name.charCodeAt(0)).toString('base64url')}\n`, { mode: 0o600 });
  return specimen;
}

/** Everything a process works with, made as in context.ts, except for a network that leads nowhere. */
export function parts(folder: string, sent: { url: string; body: string }[]) {
  const notices: string[] = [];
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, (line) => void notices.push(line));
  const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: process.platform }, null);
  const factory = sqliteFactory(paths, files, clock);
  const audit = { record: () => undefined };
  const marks: RollbackMarks = rollbackMarks(paths.marks, [MACHINE, folder], files);
  const access = vaultAccess({
    paths,
    files,
    factory,
    locks: FREE,
    clock,
    audit,
    keySource: async () => keyFileSource(join(folder, 'master.key'), files),
    rememberKeySource: async () => () => undefined,
    marks: async () => marks,
    notice: (line) => void notices.push(line),
  });
  const http: Http = {
    async send({ url, body }) {
      sent.push({ url: String(url), body: String(body) });
      throw new TransportFailure('refused', 'no', 'issuer.example');
    },
    close: async () => undefined,
  };
  const spill = spillFolder({ folder: join(folder, 'spill'), files, name: 'own', slots: 1, clock });
  const refreshing = {
    locks: FREE,
    spill,
    http: async () => http,
    clock,
    audit,
    provider: async (name: string) => configureProvider(name, SETTINGS),
    pid: process.pid,
    interruption: new AbortController().signal,
  };
  return {
    access,
    factory,
    files,
    paths,
    marks,
    clock,
    notices,
    refreshing,
    async close() {
      spill.close();
      await access.close();
    },
  };
}

/** Nobody else is there. */
const FREE: Locks = { acquire: async () => ({ release: async () => undefined }), isFree: async () => true };

const PROVIDER = {
  issuer: 'https://issuer.example',
  authorizationEndpoint: 'https://issuer.example/authorize',
  tokenEndpoint: ENDPOINT,
  clientId: 'client-example',
};

const SETTINGS: SettingsSources = {
  env: {},
  envFile: {},
  config: { providers: { demo: PROVIDER } } as unknown as SettingsSources['config'],
  catalogue,
  envFilePath: '/nowhere/.env',
  readText: () => null,
  readPublic: () => null,
};

function factsOf(label: string) {
  const now = clock.now();
  return {
    provider: 'demo',
    label,
    issuer: PROVIDER.issuer,
    tokenEndpoint: ENDPOINT,
    clientId: PROVIDER.clientId,
    status: 'active' as const,
    reason: null,
    askedScopes: ['openid', 'notes.read'],
    grantedScopes: ['openid', 'notes.read'],
    tokenType: 'Bearer',
    issuedAt: now,
    expiresAt: now + DAY,
    grantExpiresAt: now + 90 * DAY,
    lastRefreshAt: null,
    lastError: null,
    failures: 0,
    retryAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

/** @returns the name by which a person asks for the account */
export function nameOf({ account }: Truth): string {
  return accountName(account);
}

/** The token that is stored after this one. */
export function next(token: string): string {
  return `${token}-next`;
}
