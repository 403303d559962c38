import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUp } from '../../../src/services/backup/backup.js';
import { planRestore, restore } from '../../../src/services/backup/restore.js';
import { tamper } from '../../harness/tamper.js';
import { type KeyTest, keyTest } from '../keys/key-test.js';

let stage: KeyTest;
let file: string;
beforeEach(async () => {
  stage = await keyTest();
  file = join(stage.folder, 'backup');
});
afterEach(() => stage.close());

const beside = () => readdirSync(stage.folder).filter((name) => /^vault\.db\./.test(name));

describe('restoring', () => {
  it('does not change the given file, whatever it is', async () => {
    await backUp(stage.ctx, { file, force: false });
    const text = join(stage.folder, 'letter');
    writeFileSync(text, 'this is no backup');
    for (const path of [file, text]) chmodSync(path, 0o644);
    await expect(restore(stage.ctx, text)).rejects.toMatchObject({ code: 'vault_damaged' });
    await planRestore(stage.ctx, file);
    await restore(stage.ctx, file);
    expect([file, text].map((path) => statSync(path).mode & 0o777)).toEqual([0o644, 0o644]);
    expect(stage.notices).toEqual([]);
  });

  it.each([
    ['is not there', () => {}, 'usage'],
    ['is no database', () => writeFileSync(file, 'x'.repeat(4096), { mode: 0o600 }), 'vault_damaged'],
    ['was cut short', () => truncateSync(file, 8192), 'vault_damaged'],
    [
      'was altered in a sealed field',
      () => {
        tamper(file, 'UPDATE accounts SET access_token = zeroblob(60)');
      },
      'vault_damaged',
    ],
    [
      'has an index that could refuse what is stored',
      () => {
        tamper(
          file,
          "CREATE UNIQUE INDEX evil ON accounts ((CASE WHEN generation > 1 THEN 'x' ELSE id END))",
        );
      },
      'vault_damaged',
    ],
    [
      'comes from a newer version',
      () => {
        tamper(file, 'PRAGMA user_version = 99');
      },
      'vault_newer',
    ],
  ])('changes nothing when the backup %s', async (name, spoil, code) => {
    await stage.addLabelled('alice');
    if (name !== 'is not there') await backUp(stage.ctx, { file, force: false });
    spoil();
    await stage.ctx.access.close();
    const before = readFileSync(stage.paths.database);
    await expect(restore(stage.ctx, file)).rejects.toMatchObject({ code });
    expect(readFileSync(stage.paths.database)).toEqual(before);
    expect(beside()).toEqual([]);
  });

  it('replaces a vault whose schema was altered, and keeps that one', async () => {
    await stage.addLabelled('alice');
    await backUp(stage.ctx, { file, force: false });
    await stage.ctx.access.close();
    tamper(stage.paths.database, 'CREATE TRIGGER spy AFTER DELETE ON intents BEGIN SELECT 1; END');
    await expect(stage.ctx.access.open()).rejects.toMatchObject({ code: 'vault_damaged' });
    const { kept } = await restore(stage.ctx, file);
    expect(kept).not.toBeNull();
    expect(await (await stage.ctx.access.open())?.accounts()).toHaveLength(1);
  });
});
