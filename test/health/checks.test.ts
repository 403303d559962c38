import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { noteAddon } from '../../src/access/addon.js';
import { HOUR } from '../../src/domain/duration.js';
import type { Finding } from '../../src/domain/finding.js';
import type { HealthContext } from '../../src/health/contract.js';
import { disk } from '../../src/health/disk.js';
import { CHECKS } from '../../src/health/index.js';
import { nativeBinding } from '../../src/stores/sqlite-open.js';
import { readOnlyFs } from '../../src/system/files/read-only.js';
import { checkContract } from '../contracts.js';
import { serve } from '../doubles/local-server.js';
import { tamper } from '../harness/tamper.js';
import { hostOf } from '../harness/test-context.js';
import { type HealthTest, healthTest } from './health-test.js';

const SECRET = 'client-secret-example';
type Found = Readonly<Record<string, readonly Finding[]>>;

/** One account, a provider that answers, a notify command, and nothing amiss. */
async function allWell(stage: HealthTest): Promise<Found> {
  const server = await serve((response) => {
    response.writeHead(404, { date: new Date(stage.clock.now()).toUTCString() }).end();
  });
  stage.configure({
    keySource: 'file',
    notify: ['/bin/true'],
    providers: { demo: provider(server.url) },
  });
  await stage.add({ clientId: 'client-example', issuer: server.url, tokenEndpoint: `${server.url}/token` });
  const found = await stage.examine({ online: true });
  await server.close();
  return found;
}

function provider(url: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    authorizationEndpoint: `${url}/authorize`,
    tokenEndpoint: `${url}/token`,
    clientId: 'client-example',
    clientSecret: SECRET,
    ...more,
  };
}

/** As much as can be broken at once; what cannot be read at all comes last, because it hides the rest. */
async function allBroken(stage: HealthTest): Promise<Found> {
  rmSync(stage.paths.marks, { recursive: true });
  const { integrity = [] } = await stage.examine();
  const at = new Date(stage.clock.now()).toISOString();
  mkdirSync(join(stage.paths.state, 'audit'), { recursive: true, mode: 0o700 });
  stage.put('audit/queue', `- {"time":"${at}","id":"example","event":"queue_altered","count":1}\n`);
  execFileSync('git', ['init', '--quiet', stage.folder]);
  const port = createServer();
  await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
  const server = await serve((response) => {
    response.writeHead(503, { date: new Date(stage.clock.now() + HOUR).toUTCString() }).end();
  });
  const redirectPort = (port.address() as { port: number }).port;
  stage.configure({
    keySource: 'file',
    notify: ['/nowhere/notify-me'],
    providers: { demo: provider(server.url, { clientId: SECRET, redirectPort }) },
  });
  stage.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  await changeAddonRecord(stage);
  // Sealed with the key that is replaced below.
  await stage.add({ status: 'login_needed' });
  stage.put('master.key', Buffer.alloc(32, 9).toString('base64url'));
  chmodSync(stage.paths.keyFile, 0o644);
  changeKeysHalf(stage.paths.database);
  const first = await stage.examine({ online: true });
  await server.close();
  await new Promise((resolve) => port.close(resolve));
  stage.put('vault.db', 'no database');
  stage.put('config.json', '{"keySource": "keychain"');
  const second = await stage.examine();
  const { configuration = [], database = [] } = second;
  return { ...first, configuration, database, integrity, disk: await fullDisk(stage) };
}

/** What the check of the disk says where nothing more can be stored. */
function fullDisk({ paths }: HealthTest): Promise<readonly Finding[]> {
  const room = (folder: string) => ({ folder, device: 1, bytes: 0, files: 0 });
  return disk.run({
    fs: { ...readOnlyFs, freeSpace: room },
    paths,
  } as unknown as HealthContext);
}

/** As if the native addon had been another one when it was recorded. */
async function changeAddonRecord({ env, paths, files, clock, put }: HealthTest): Promise<void> {
  await noteAddon({ host: hostOf(env), paths, files, clock });
  const record = JSON.parse(readFileSync(join(paths.state, 'addon.json'), 'utf8'));
  record[nativeBinding()].sha256 = '0'.repeat(64);
  put('addon.json', JSON.stringify(record));
}

/** As changes of the keys that were cut off leave it. */
function changeKeysHalf(path: string): void {
  tamper(
    path,
    `INSERT INTO leftover_keys (reference, source, since) VALUES ('reference-example', 'file', 1);
    INSERT INTO keys SELECT 0, master_reference, purpose, wrapped, created_at FROM keys WHERE purpose = 'identity'`,
  );
}

let well: Found;
let broken: Found;
let keys: readonly string[];
beforeAll(async () => {
  const stages = [await healthTest(), await healthTest()] as const;
  well = await allWell(stages[0]);
  broken = await allBroken(stages[1]);
  keys = stages.map(({ key }) => key);
  for (const stage of stages) await stage.close();
});
/** What finds nothing here in any case: a keychain needs a machine with one, and nothing is wrong without a scheduler. */
const CALM = ['keychain', 'scheduler'];

for (const check of CHECKS.filter(({ name }) => !CALM.includes(name))) {
  checkContract(check, () => ({
    well: async () => well[check.name] ?? [],
    broken: async () => broken[check.name] ?? [],
    secrets: [SECRET, ...keys],
  }));
}

describe('the checks', () => {
  it('have names that are a part of the JSON API', () => {
    expect(CHECKS.map(({ name }) => name)).toEqual([
      'configuration',
      'permissions',
      'disk',
      'key_source',
      'keychain',
      'database',
      'integrity',
      'key_changes',
      'abuse',
      'clients',
      'endpoints',
      'redirect',
      'grants',
      'scheduler',
      'notify',
      'clock',
      'node',
      'addon',
      'git',
    ]);
  });
});
