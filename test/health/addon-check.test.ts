import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteAddon } from '../../src/access/addon.js';
import { nativeBinding } from '../../src/stores/sqlite-open.js';
import { addonAt } from '../../src/system/native-addon.js';
import { hostOf } from '../harness/test-context.js';
import { type HealthTest, healthTest, told } from './health-test.js';

let stage: HealthTest;
beforeEach(async () => {
  stage = await healthTest();
});
afterEach(() => stage.close());

const found = async (check: string) => (await stage.examine())[check] ?? [];
const type = (command: string) => execFileSync('sh', ['-c', command]);

describe('the native addon', () => {
  const record = () => JSON.parse(readFileSync(join(stage.folder, 'addon.json'), 'utf8'));
  const parts = () => ({
    host: hostOf(stage.env),
    paths: stage.paths,
    files: stage.files,
    clock: stage.clock,
  });

  it('is reported with origin and SHA-256, before and after it was recorded', async () => {
    const digest = createHash('sha256').update(readFileSync(nativeBinding())).digest('hex');
    const [before] = await found('addon');
    expect(before).toMatchObject({
      status: 'ok',
      message: expect.stringContaining(`SHA-256 ${digest}, to be recorded`),
    });
    expect(before?.message).toMatch(/better-sqlite3 \d+\.\d+\.\d+,.* (was built|was downloaded)/);
    await noteAddon(parts());
    expect(told(await found('addon'))).toEqual([
      expect.stringMatching(`^ok: .*SHA-256 ${digest}, as recorded on `),
    ]);
    expect(statSync(join(stage.folder, 'addon.json')).mode & 0o777).toBe(0o600);
  });

  it('that changed without an update is a warning until its record is removed', async () => {
    await noteAddon(parts());
    const [[path, entry]] = Object.entries(record()) as [[string, object]];
    stage.put('addon.json', JSON.stringify({ [path]: { ...entry, sha256: '0'.repeat(64), stamp: '' } }));
    await noteAddon(parts());
    const [finding] = await found('addon');
    expect(finding).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('without an update'),
    });
    type(/: (rm .*)\n/.exec(finding?.remedy ?? '')?.[1] ?? 'false');
    await noteAddon(parts());
    expect((await found('addon'))[0]).toMatchObject({ status: 'ok' });
  });

  it('is recorded again after an update, or when its record is unreadable', async () => {
    await noteAddon(parts());
    const [[path, entry]] = Object.entries(record()) as [[string, object]];
    stage.put(
      'addon.json',
      JSON.stringify({ [path]: { ...entry, release: 'of before', sha256: '0'.repeat(64) } }),
    );
    expect((await found('addon'))[0]).toMatchObject({ status: 'ok' });
    await noteAddon(parts());
    expect(record()[path]).toMatchObject(entry);
    stage.put('addon.json', '{');
    await noteAddon(parts());
    expect(record()[path]).toMatchObject(entry);
  });

  it('of another installation keeps its record, and loses it with its file', async () => {
    stage.put('other.node', '');
    const other = join(stage.folder, 'other.node');
    stage.put(
      'addon.json',
      JSON.stringify({ [other]: { sha256: '0' }, '/nonexistent.node': { sha256: '0' } }),
    );
    await noteAddon(parts());
    expect(Object.keys(record())).toEqual([other, nativeBinding()]);
  });

  it('is recognised as built by the files of node-gyp', async () => {
    const versions = { vault: '1', modules: '115' };
    const folder = join(stage.folder, 'package');
    mkdirSync(join(folder, 'build', 'Release'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"version":"1.2.3"}');
    const path = join(folder, 'build', 'Release', 'a.node');
    writeFileSync(path, '');
    expect(addonAt(path, versions, false)).toMatchObject({
      origin: 'downloaded',
      release: 'better-sqlite3 1.2.3, token-vault 1, Node ABI 115',
    });
    writeFileSync(join(folder, 'build', 'config.gypi'), '');
    expect(addonAt(path, versions, false)).toMatchObject({ origin: 'built' });
    expect(addonAt(path, versions, true)).toMatchObject({ origin: 'packaged' });
    expect(addonAt(join(folder, 'gone.node'), versions, false)).toBeNull();
  });
});
