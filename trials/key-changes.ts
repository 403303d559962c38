import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trial } from './contract.js';
import { tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';
import { type Act, demand, type Outcome, sweep } from './room/sweep.js';

interface Entry {
  readonly seq: number | null;
  readonly event: string;
  readonly reference: string;
}

const graceful = { server: { knobs: { reuseGrace: 600 } } };

/** Dies in front of each call that writes while keys change and the vault is replaced as a whole. */
export const keyChanges: Trial = {
  name: 'key-changes',
  promise:
    'SIGKILL before any write of key rotate (of the master key and of the data keys), key import and restore leaves the old state or the new one, with its entry in the trail only if it is the new one, and a second run finishes',
  rounds: 1_000,
  needs: ['the built command line', '/proc', 'strace'],

  async run(context) {
    const score = tally();
    return { figure: await sweep(context, ACTS, score), broken: score.all };
  },
};

async function must(stage: Stage, args: readonly string[]): Promise<string> {
  const run = await stage.vault(args);
  demand(run.exitCode === 0, told(run));
  return run.stdout;
}

async function under(stage: Stage, args: readonly string[], before: string[]): Promise<Outcome> {
  const run = await stage.vault([...args, '--json'], { under: before });
  return { killed: run.signal === 'SIGKILL', printed: run.stdout !== '', generation: null };
}

/** The vault opens, with all its rows, and its refresh token is one the server takes. */
async function works(stage: Stage): Promise<void> {
  await must(stage, ['token', stage.account]);
  const next = await stage.refreshNow();
  demand(next.exitCode === 0, told(next));
}

/** What stands in the trail, oldest first; what waits for it is no part of it. */
async function trailOf(stage: Stage): Promise<readonly Entry[]> {
  const lines = await must(stage, ['audit', '--limit', '100000', '--json']);
  const entries = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
  return entries.filter(({ seq }) => seq !== null);
}

/** The trail tells of the making of the key that the vault has, and of no later one. */
async function recorded(stage: Stage): Promise<void> {
  const { keys } = JSON.parse(await must(stage, ['key', 'status', '--json'])) as { keys: readonly Entry[] };
  const changes = (await trailOf(stage)).filter(({ event }) =>
    ['key_rotated', 'key_imported'].includes(event),
  );
  const [there, named] = [keys[0]?.reference ?? '', changes.at(-1)?.reference ?? 'the first: /master/1'];
  demand(keys.length === 1, `the vault has ${keys.length} keys`);
  demand(
    there === named || (changes.length === 0 && there.endsWith('/master/1')),
    `the key is ${there}, and the trail tells of ${named}`,
  );
}

/** Whether the trail says that nothing has happened since the vault was restored. */
async function toldRestored(stage: Stage): Promise<boolean> {
  const events = (await trailOf(stage)).map(({ event }) => event);
  return events.lastIndexOf('restored') > events.lastIndexOf('refreshed');
}

const keyFile = (stage: Stage) => join(stage.home.vault, 'master.key');
const aside = (stage: Stage, name: string) => join(stage.home.home, name);

/** One key in the file and none in an unfinished copy of it, one row in the vault, and no note of anything that is still to be cleared away. */
async function tidy(stage: Stage): Promise<void> {
  demand(
    readFileSync(keyFile(stage), 'utf8').trim().split('\n').length === 1,
    'old keys are left in the key file',
  );
  const beside = readdirSync(stage.home.vault).filter((name) => /^master\.key./.test(name));
  demand(beside.length === 0, `keys are left in ${beside}`);
  const { keys, unfinished } = JSON.parse(await must(stage, ['key', 'status', '--json']));
  demand(keys.length === 1, 'old keys are left in the vault');
  demand(unfinished.length === 0, 'the vault says that a change of its keys is unfinished');
}

async function dataKeys(stage: Stage): Promise<readonly unknown[]> {
  return JSON.parse(await must(stage, ['key', 'status', '--json'])).data_keys;
}

async function passphrase(stage: Stage): Promise<string> {
  const path = aside(stage, 'passphrase');
  if (!existsSync(path)) writeFileSync(path, 'passphrase example 1\n', { mode: 0o600 });
  return path;
}

const ACTS: readonly Act[] = [
  {
    name: 'key rotate',
    open: () => openStage(graceful),
    prepare: async () => {},
    perform: (stage, before) => under(stage, ['key', 'rotate'], before),
    async judge(stage) {
      await recorded(stage);
      await works(stage);
      await must(stage, ['key', 'rotate']);
      await works(stage);
      await tidy(stage);
      await recorded(stage);
      await must(stage, ['audit', '--verify']);
    },
  },
  {
    name: 'key rotate --data',
    open: () => openStage(graceful),
    prepare: async () => {},
    perform: (stage, before) => under(stage, ['key', 'rotate', '--data', '--yes'], before),
    async judge(stage, { printed }) {
      const between = await dataKeys(stage);
      const events = (await trailOf(stage)).map(({ event }) => event);
      const isBegun = events.lastIndexOf('data_keys_added') > events.lastIndexOf('data_keys_replaced');
      demand(isBegun === between.length > 5, `${between.length} data keys, and another trail`);
      demand(!printed || between.length === 5, 'the old data keys were said to be gone, and are not');
      await works(stage);
      await must(stage, ['key', 'rotate', '--data', '--yes']);
      await works(stage);
      demand((await dataKeys(stage)).length === 5, 'a second run does not finish it');
      await tidy(stage);
    },
  },
  {
    name: 'key import',
    open: () => openStage(graceful),
    async prepare(stage) {
      const from = ['--passphrase-file', await passphrase(stage)];
      const file = aside(stage, 'recovery');
      if (!existsSync(file)) await must(stage, ['key', 'export', file, ...from]);
      rmSync(keyFile(stage));
    },
    async perform(stage, before) {
      return under(
        stage,
        ['key', 'import', aside(stage, 'recovery'), '--passphrase-file', await passphrase(stage)],
        before,
      );
    },
    async judge(stage, { printed }) {
      await recorded(stage);
      const first = await stage.vault(['token', stage.account]);
      demand(first.exitCode === 0 || first.exitCode === 6, told(first));
      demand(!printed || first.exitCode === 0, 'the import was said to be done, and the vault does not open');
      if (first.exitCode !== 0) {
        await must(stage, [
          'key',
          'import',
          aside(stage, 'recovery'),
          '--passphrase-file',
          await passphrase(stage),
        ]);
      }
      await works(stage);
      await recorded(stage);
      await must(stage, ['audit', '--verify']);
    },
  },
  {
    name: 'restore',
    open: () => openStage(graceful),
    async prepare(stage) {
      await must(stage, ['backup', aside(stage, 'backup'), '--force']);
      await works(stage);
    },
    async perform(stage, before) {
      const { generation } = await stage.stored();
      return { ...(await under(stage, ['restore', aside(stage, 'backup'), '--yes'], before)), generation };
    },
    async judge(stage, { printed, generation }) {
      const after = (await stage.stored()).generation;
      const old = (generation ?? 0) - 1;
      demand(after === generation || after === old, `generation ${generation} became ${after}`);
      demand(!printed || after === old, 'the vault was said to be restored, and is not');
      demand((await toldRestored(stage)) === (after === old), 'the trail says something else');
      await must(stage, ['token', stage.account]);
      await must(stage, ['restore', aside(stage, 'backup'), '--yes']);
      demand((await stage.stored()).generation === old, 'a second run does not restore it');
      await must(stage, ['doctor', '--accept-rollback', '--yes']);
      await works(stage);
      await must(stage, ['audit', '--verify']);
    },
  },
  {
    name: 'restore where there is none',
    open: () => openStage(graceful),
    async prepare(stage) {
      const file = aside(stage, 'backup');
      if (!existsSync(file)) await must(stage, ['backup', file]);
      rmSync(join(stage.home.vault, 'vault.db'), { force: true });
    },
    perform: (stage, before) => under(stage, ['restore', aside(stage, 'backup')], before),
    async judge(stage, { printed }) {
      const there = existsSync(join(stage.home.vault, 'vault.db'));
      demand(!printed || there, 'the vault was said to be restored, and is not there');
      if (!there) await must(stage, ['restore', aside(stage, 'backup')]);
      demand(await toldRestored(stage), 'the trail does not tell of it');
      await must(stage, ['token', stage.account]);
    },
  },
];
