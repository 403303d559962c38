import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditLog, auditLog, trailEvents } from '../../src/audit/log.js';
import type { AuditEvent } from '../../src/domain/audit-events.js';
import type { EventQueue } from '../../src/stores/audit-queue.js';
import { eventQueue } from '../../src/stores/audit-queue.js';
import { systemClock } from '../../src/system/clock.js';
import { createFiles } from '../../src/system/files/files.js';
import type { VaultEvents } from '../../src/vault/queued-events.js';
import type { Vault } from '../../src/vault/vault.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

let folder: string;
let stage: WholeStage;
let audit: AuditLog;
let vault: Vault;

const about = (account: string) => ({ provider: 'demo', account });
const event = (account: string): AuditEvent => ({ event: 'token_given', ...about(account) });

/** What a process has: a queue, a log and the vault. */
function parts(): { queue: EventQueue; audit: AuditLog; events: VaultEvents } {
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => undefined);
  const own = eventQueue(join(folder, 'audit'), files);
  const actor = { pid: 1, uid: 1 };
  const notice = (line: string) => expect.unreachable(line);
  const path = join(folder, 'security.log');
  const log = auditLog({ path, files, clock: systemClock, actor, queue: own, notice });
  return { queue: own, audit: log, events: trailEvents(log, own) };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vault-chain-'));
  stage = await openWholeStage();
  const own = parts();
  audit = own.audit;
  vault = await stage.open(stage.here, { events: own.events });
  for (let n = 1; n <= 6; n += 1) audit.record(event(`account-${n}`));
  await vault.settleEvents();
});
afterEach(async () => {
  await stage.close();
  rmSync(folder, { recursive: true });
});

const fault = async () => (await vault.verifyTrail()).fault;
const said = async () => (await vault.trail.after(0, 1_000)).map(({ body }) => JSON.parse(body).event);

/** Gives entry `from` the number `to` and lets those between make room. */
function move(database: Database, from: number, to: number): void {
  const step = from < to ? -1 : 1;
  const [low, high] = from < to ? [from + 1, to] : [to, from - 1];
  database.exec(`UPDATE audit SET seq = -1 WHERE seq = ${from};
    UPDATE audit SET seq = -seq - 100 WHERE seq BETWEEN ${low} AND ${high};
    UPDATE audit SET seq = -seq - 100 + ${step} WHERE seq < -1;
    UPDATE audit SET seq = ${to} WHERE seq = -1`);
}

const COPY = (to: string, of: number) =>
  `INSERT INTO audit SELECT ${to}, at, body, origin || 'x', mac FROM audit WHERE seq = ${of}`;

describe('the trail', () => {
  it('is whole while it is not altered', async () => {
    expect(await vault.verifyTrail()).toEqual({ checked: 6, unproved: 0, fault: null });
    expect((await vault.trail.after(0, 100)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each<[string, string | ((database: Database) => void), string, number]>([
    ['edited', "UPDATE audit SET body = replace(body, 'account-3', 'account-9') WHERE seq = 3", 'edited', 3],
    ['given another time', 'UPDATE audit SET at = at - 1 WHERE seq = 3', 'edited', 3],
    ['given another id', "UPDATE audit SET origin = 'another' WHERE seq = 1", 'edited', 1],
    ['given another code', 'UPDATE audit SET mac = zeroblob(32) WHERE seq = 6', 'edited', 6],
    ['taken out', 'DELETE FROM audit WHERE seq = 3', 'missing', 3],
    ['taken out at the beginning', 'DELETE FROM audit WHERE seq = 1', 'missing', 1],
    [
      'taken out and the rest numbered anew',
      'DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3',
      'edited',
      3,
    ],
    ['exchanged with its neighbour', (database) => move(database, 3, 4), 'edited', 3],
    ['moved to the end', (database) => move(database, 2, 6), 'edited', 2],
    ['moved to the front', (database) => move(database, 5, 1), 'edited', 1],
    [
      'copied in between',
      `UPDATE audit SET seq = -seq WHERE seq > 3; UPDATE audit SET seq = 1 - seq WHERE seq < 0; ${COPY('4', 2)}`,
      'edited',
      4,
    ],
    ['copied to the end', COPY('7', 6), 'added', 7],
    ['put over another one', `DELETE FROM audit WHERE seq = 5; ${COPY('5', 2)}`, 'edited', 5],
    ['cut off, being the last', 'DELETE FROM audit WHERE seq = 6', 'tail_cut', 6],
    ['cut off with all behind it', 'DELETE FROM audit WHERE seq > 2', 'tail_cut', 3],
    ['taken out with all others', 'DELETE FROM audit', 'tail_cut', 1],
    ['made up', "INSERT INTO audit VALUES (7, 7, '{}', 'made-up', zeroblob(32))", 'added', 7],
    ['put first', "INSERT INTO audit VALUES (0, 7, '{}', 'made-up', zeroblob(32))", 'added', 0],
  ])('names the first bad entry when one was %s', async (_name, harm, kind, seq) => {
    stage.tamper((database) => (typeof harm === 'string' ? database.exec(harm) : harm(database)));
    expect(await fault()).toMatchObject({ kind, seq });
    const entry = (await vault.trail.after(seq - 1, 1)).find((each) => each.seq === seq);
    if (kind !== 'missing' && kind !== 'tail_cut') expect((await fault())?.at).toBe(entry?.at);
  });

  it('stores an event together with its change, or neither', async () => {
    await stage.add('ada');
    const [ada] = await vault.accounts();
    const account = await vault.account(ada?.id ?? '');
    if (account === null) throw new Error('ada is gone');
    const made = (generation: number): AuditEvent => ({
      event: 'refreshed',
      ...about(account.id),
      generation,
    });
    const contents = await vault.contents(account);
    expect(await vault.update(account, {}, contents, ({ generation }) => made(generation))).not.toBeNull();
    expect(await vault.update(account, {}, contents, ({ generation }) => made(generation))).toBeNull();
    expect((await said()).filter((each) => each === 'refreshed')).toHaveLength(1);
    expect(await vault.remove(account.id, { event: 'forgotten', ...about(account.id) })).toBe(true);
    expect((await said()).at(-1)).toBe('forgotten');
    expect(await fault()).toBeNull();
  });

  it('records a failed attempt with its change, or neither', async () => {
    await stage.add('ada');
    const [account] = await vault.accounts();
    if (account === undefined) throw new Error('no account');
    const attempt = { status: 'failing', reason: null, lastError: null, failures: 1, retryAt: null } as const;
    const failed = { event: 'refresh_failed', ...about('ada'), code: 'network_failed' } as const;
    const record = (generation: number) =>
      vault.recordAttempt({ ...account, generation }, { ...attempt, updatedAt: 1, settled: true }, failed);
    const before = await said();
    expect(await record(account.generation + 1)).toBe(false);
    expect(await said()).toEqual(before);
    expect(await record(account.generation)).toBe(true);
    expect(await said()).toEqual([...before, 'refresh_failed']);
    expect(await fault()).toBeNull();
  });

  it('reports altered queued lines, and accepts none of them as proved', async () => {
    audit.record(event('account-7'));
    const path = join(folder, 'audit', 'queue');
    writeFileSync(path, readFileSync(path, 'utf8').replace('account-7', 'account-8'));
    await vault.settleEvents();
    const entries = (await vault.trail.after(6, 10)).map(({ body }) => JSON.parse(body));
    expect(entries).toMatchObject([{ event: 'queue_altered', count: 1 }]);
    expect(await fault()).toBeNull();
  });

  it('marks a line as unproved when its data key is unknown', async () => {
    audit.record(event('account-7'));
    const path = join(folder, 'audit', 'queue');
    const [proof = '', ...body] = readFileSync(path, 'utf8').split(' ');
    const [name, rest = ''] = proof.split('.');
    const sealed = Buffer.from(rest, 'base64url');
    sealed.writeUInt16BE(10, 2);
    writeFileSync(path, [`${name}.${sealed.toString('base64url')}`, ...body].join(' '));
    await vault.settleEvents();
    audit.record(event('account-8'));
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(String(name), Buffer.alloc(16, 9).toString('base64url')),
    );
    await vault.settleEvents();
    const entries = (await vault.trail.after(6, 10)).map(({ body: text }) => JSON.parse(text));
    expect(entries).toMatchObject([
      { event: 'token_given', account: 'account-7', unproved: true },
      { event: 'token_given', account: 'account-8', unproved: true },
    ]);
  });

  it('stores a line once, however often it is found', async () => {
    audit.record(event('account-7'));
    const path = join(folder, 'audit', 'queue');
    const line = readFileSync(path, 'utf8');
    writeFileSync(path, line + line);
    await vault.settleEvents();
    writeFileSync(path, line);
    await vault.settleEvents();
    expect(await said()).toHaveLength(7);
    expect(readdirSync(join(folder, 'audit'))).toEqual([]);
  });

  it('marks the events of a process without the key', async () => {
    parts().audit.record({ event: 'open_failed', code: 'key_wrong', key_source: 'file' });
    await vault.settleEvents();
    const [entry] = await vault.trail.before(Number.MAX_SAFE_INTEGER, 1);
    expect(JSON.parse(entry?.body ?? '')).toMatchObject({ event: 'open_failed', unproved: true });
  });

  it('is one chain if many connections write at once', async () => {
    const others = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const own = parts();
        return { ...own, vault: await stage.open(stage.here, { events: own.events }) };
      }),
    );
    await Promise.all(
      others.map(async (other, n) => {
        for (let round = 0; round < 5; round += 1) {
          other.audit.record(event(`by-${n}`));
          await other.vault.settleEvents();
        }
      }),
    );
    await vault.settleEvents();
    expect(await vault.verifyTrail()).toEqual({ checked: 46, unproved: 0, fault: null });
  });

  it('begins again if the ledger is lost, and keeps earlier entries unproved', async () => {
    stage.tamper((database) => database.exec('DELETE FROM ledger'));
    await vault.acceptAsItIs(() => ({ event: 'rollback_accepted', found: ['ledger'] }));
    expect(await vault.verifyTrail()).toEqual({ checked: 1, unproved: 6, fault: null });
  });

  it('keeps in the database only the newest entries', async () => {
    const entry = (seq: number) => ({ seq, at: 0, body: '{}', origin: `line-${seq}`, mac: Buffer.alloc(32) });
    const store = await stage.store();
    await store.note(({ epoch, sealed }) => ({ epoch, sealed, entries: [entry(7), entry(8)], firstKept: 7 }));
    expect((await store.trail.after(0, 10)).map(({ seq }) => seq)).toEqual([7, 8]);
    await store.close();
  });
});
