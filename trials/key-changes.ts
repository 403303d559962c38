import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trial } from './contract.js';
import { tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';
import { type Act, demand, type Outcome, sweep } from './room/sweep.js';

const graceful = { server: { knobs: { reuseGrace: 600 } } };

/** Dies in front of each call that writes while keys change and the vault is replaced as a whole. */
export const keyChanges: Trial = {
  name: 'key-changes',
  promise:
    'SIGKILL before any write of key rotate, key import and restore leaves the old state or the new one, and a second run finishes',
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

const keyFile = (stage: Stage) => join(stage.home.vault, 'master.key');
const aside = (stage: Stage, name: string) => join(stage.home.home, name);

/** One key in the file, one row in the vault, and no note of anything that is still to be cleared away. */
async function tidy(stage: Stage): Promise<void> {
  demand(
    readFileSync(keyFile(stage), 'utf8').trim().split('\n').length === 1,
    'old keys are left in the key file',
  );
  const { keys, unfinished } = JSON.parse(await must(stage, ['key', 'status', '--json']));
  demand(keys.length === 1, 'old keys are left in the vault');
  demand(unfinished.length === 0, 'the vault says that a change of its keys is unfinished');
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
      await works(stage);
      await must(stage, ['key', 'rotate']);
      await works(stage);
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
      await must(stage, ['token', stage.account]);
      await must(stage, ['restore', aside(stage, 'backup'), '--yes']);
      demand((await stage.stored()).generation === old, 'a second run does not restore it');
      await must(stage, ['doctor', '--accept-rollback', '--yes']);
      await works(stage);
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
      await must(stage, ['token', stage.account]);
    },
  },
];
