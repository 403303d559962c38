import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditLog, auditLog, trailEvents } from '../../src/audit/log.js';
import type { EventQueue } from '../../src/stores/audit-queue.js';
import { eventQueue } from '../../src/stores/audit-queue.js';
import { systemClock } from '../../src/system/clock.js';
import { createFiles } from '../../src/system/files/files.js';
import type { Vault } from '../../src/vault/vault.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

let folder: string;
let stage: WholeStage;
let audit: AuditLog;
let queue: EventQueue;
let vault: Vault;

const given = (account: string) =>
  audit.record({ event: 'token_given', provider: 'demo', account: `account-${account}` });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vault-tail-'));
  stage = await openWholeStage();
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => undefined);
  queue = eventQueue(join(folder, 'audit'), files);
  audit = auditLog({
    path: join(folder, 'security.log'),
    files,
    clock: systemClock,
    actor: { pid: 1, uid: 1 },
    queue,
    notice: (line) => expect.unreachable(line),
  });
  vault = await stage.open(stage.here, { events: trailEvents(audit, queue) });
  for (const account of ['1', '2', '3']) given(account);
  await vault.settleEvents();
});
afterEach(async () => {
  await stage.close();
  rmSync(folder, { recursive: true });
});

const put = (seq: number | bigint, origin = `made-up-${seq}`) =>
  stage.tamper((database) =>
    database.exec(`INSERT INTO audit VALUES (${seq}, 7, '{"event":"forged"}', '${origin}', zeroblob(32))`),
  );
const entries = async () =>
  (await vault.trail.after(3, 100)).map(({ seq, body }) => [seq, JSON.parse(body).event] as const);

describe('foreign entries at the end of the trail', () => {
  it('are reported before queued events could replace them', async () => {
    put(4);
    given('4');
    expect((await vault.verifyTrail()).fault).toMatchObject({ kind: 'added', seq: 4 });
    expect(await entries()).toEqual([[4, 'forged']]);
    expect(queue.peek()).toHaveLength(1);
  });

  it('are replaced by the next change, which records that they were there', async () => {
    put(4);
    put(6);
    put(9_223_372_036_854_775_807n);
    given('4');
    await vault.settleEvents();
    expect(await entries()).toEqual([
      [4, 'trail_altered'],
      [5, 'token_given'],
    ]);
    const [told] = await vault.trail.after(3, 1);
    expect(JSON.parse(told?.body ?? '')).toMatchObject({ count: 3 });
    expect(await vault.verifyTrail()).toMatchObject({ checked: 5, fault: null });
  });

  it('do not suppress a queued line that has the same id', async () => {
    given('4');
    const { id } = JSON.parse(queue.peek()[0]?.split(' ')[1] ?? '') as { id: string };
    put(5, id);
    await vault.settleEvents();
    expect((await entries()).map(([, event]) => event)).toEqual(['trail_altered', 'token_given']);
  });
});

describe('a number that is too large to be read', () => {
  it('still allows naming a missing entry', async () => {
    stage.tamper((database) => database.exec(`UPDATE audit SET seq = 9223372036854775807 WHERE seq = 2`));
    expect((await vault.verifyTrail()).fault).toMatchObject({ kind: 'missing', seq: 2 });
  });

  it('still allows naming an entry whose time was changed', async () => {
    stage.tamper((database) => database.exec(`UPDATE audit SET at = -9223372036854775807 WHERE seq = 2`));
    expect((await vault.verifyTrail()).fault).toMatchObject({ kind: 'edited', seq: 2 });
  });
});

describe('a truncated end', () => {
  it('is reported as such, whatever is queued', async () => {
    given('4');
    stage.tamper((database) => database.exec('DELETE FROM audit WHERE seq = 3'));
    expect((await vault.verifyTrail()).fault).toMatchObject({ kind: 'tail_cut', seq: 3 });
  });
});

describe('a process that does not end', () => {
  it('moves its queue into the trail once that is long, and not before', async () => {
    given('4');
    await vault.settleDue();
    expect(queue.peek()).toHaveLength(1);
    while (!queue.due) given('many');
    const waiting = queue.peek().length;
    const store = await stage.store();
    const { epoch } = await store.ledger();
    await Promise.all([vault.settleDue(), vault.settleDue()]);
    expect((await store.ledger()).epoch).toBe(epoch + 1);
    await store.close();
    expect(queue.size()).toBe(0);
    expect(await vault.verifyTrail()).toMatchObject({ checked: 3 + waiting, fault: null });
  });
});
