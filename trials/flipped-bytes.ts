import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import SqliteDatabase from 'better-sqlite3';
import { asVaultError } from '../src/domain/error-forms.js';
import { Secret } from '../src/domain/secret.js';
import { readRecovery, writeRecovery } from '../src/vault/recovery-file.js';
import type { Trial } from './contract.js';
import { probe, type Reading } from './room/probe.js';
import { type Tally, tally } from './room/rounds.js';
import { next, openSpecimen, type Specimen, type Truth } from './room/specimen.js';

const CHILD = fileURLToPath(new URL('./room/half-written.ts', import.meta.url));
const LOADER = fileURLToPath(new URL('./typescript.mjs', import.meta.url));
/** A byte that holds something is changed in each of these ways, one that is zero in one of them. */
const PATTERNS = [0x01, 0x80, 0xff];
const EVERY_PATTERN = [1, 2, 4, 8, 16, 32, 64, 128, 255];
const DATABASE = 'vault.db';

/** One file, or one value in the database, of which every byte is changed in turn. */
interface Target {
  readonly name: string;
  readonly bytes: Buffer;
  readonly patterns: readonly number[];
  /** Looks at everything with these bytes in the place of the good ones. */
  look(changed: Buffer): Promise<Reading>;
  remove(): void;
}

interface Place {
  readonly target: Target;
  readonly offset: number;
}

/** Every byte of everything that a vault consists of, one at a time. */
export const flippedBytes: Trial = {
  name: 'flipped-bytes',
  promise: 'no changed byte gives a wrong token, sends a wrong one, hides an account or crashes a command',
  rounds: 1_000_000,
  needs: ['strace'],

  async run(context) {
    const score = tally();
    const targets = await openTargets();
    // Of a vault made anew nearly every byte is another one, but there are always as many.
    const places = context.random(-1).shuffled(targets.flatMap((target) => placesIn(target)));
    const end = Math.min(context.from + context.rounds, places.length);
    for (let round = context.from; round < end; round += 1) {
      const place = places[round];
      if (place !== undefined)
        for (const pattern of patternsOf(place)) await one(place, pattern, round, score);
    }
    for (const target of targets) target.remove();
    const names = targets.map(
      ({ name, bytes }) => `${score.of(name)} flips in the ${name} (${bytes.length} bytes)`,
    );
    const outcome = `${score.of('given')} right tokens given, ${score.of('refused')} refusals, ${score.of('problem')} seen by the doctor, ${score.of('other words')} listings with another unbound fact`;
    return {
      figure: `${end - context.from} of ${places.length} bytes: ${names.join(', ')}: ${outcome}, ${score.all.length} broken`,
      broken: score.all,
    };
  },
};

async function one({ target, offset }: Place, pattern: number, round: number, score: Tally): Promise<void> {
  const { name, bytes } = target;
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(offset) ^ pattern, offset);
  const reading = await target.look(flipped);
  score.count(name);
  score.count('given', reading.given);
  score.count('refused', reading.refused);
  score.count(reading.listed);
  score.count(reading.doctor);
  for (const what of reading.broken) score.broken(round, `${name}, byte ${offset} ^ ${pattern}: ${what}`);
}

function placesIn(target: Target): Place[] {
  return Array.from(target.bytes, (_, offset) => ({ target, offset }));
}

function patternsOf({ target: { bytes, patterns }, offset }: Place): readonly number[] {
  return bytes[offset] === 0 ? [patterns[offset % patterns.length] ?? 1] : patterns;
}

async function openTargets(): Promise<readonly Target[]> {
  const specimen = await openSpecimen('a');
  for (const label of ['ada', 'bob']) await specimen.add(label);
  specimen.take();
  const known = specimen.truths.map((truth) => [truth]);
  const mark = [...specimen.files.keys()].find((path) => path.startsWith('marks/')) ?? '';
  return [
    ofFile('database', specimen, known, DATABASE, PATTERNS),
    ofFile('mark', specimen, known, mark, EVERY_PATTERN),
    ledger(specimen, known),
    await journal(),
    await spill(),
    await recovery(),
  ];
}

type Known = readonly (readonly Truth[])[];

function ofFile(
  name: string,
  specimen: Specimen,
  known: Known,
  file: string,
  patterns: readonly number[],
  thorough = true,
): Target {
  const bytes = specimen.files.get(file);
  if (bytes === undefined) throw new Error(`there is no ${file} to flip`);
  const look = (changed: Buffer) => {
    specimen.restore({ [file]: changed });
    return probe(specimen, known, thorough);
  };
  return { name, bytes, patterns, look, remove: specimen.remove };
}

/** The sealed ledger by itself, in a database that is sound. */
function ledger(specimen: Specimen, known: Known): Target {
  const path = specimen.paths.database;
  const read = new SqliteDatabase(path, { readonly: true });
  const bytes = read.prepare('SELECT sealed FROM ledger').pluck().get() as Buffer;
  read.close();
  const look = (sealed: Buffer) => {
    specimen.restore();
    const database = new SqliteDatabase(path);
    database.prepare('UPDATE ledger SET sealed = ?').run(sealed);
    database.close();
    return probe(specimen, known);
  };
  return { name: 'ledger', bytes, patterns: EVERY_PATTERN, look, remove: specimen.remove };
}

/** A hot journal, left by a process that was killed while it committed: the database is half old and half new. */
async function journal(): Promise<Target> {
  const specimen = await openSpecimen('j');
  for (const label of ['ada', 'bob']) await specimen.add(label);
  const database = specimen.paths.database;
  const kill = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:signal=SIGKILL:when=2'];
  const args = ['-f', '-qq', '-o', '/dev/null', '-P', database, ...kill];
  const child = [process.execPath, '--import', LOADER, CHILD, specimen.folder, 'ada'];
  spawnSync('strace', [...args, ...child], { stdio: 'ignore' });
  const left = join(specimen.folder, `${DATABASE}-journal`);
  if (!existsSync(left) || readFileSync(left).length < 1_024) throw new Error('no journal was left behind');
  specimen.take();
  const known = specimen.truths.map((truth) =>
    truth.account.label === 'ada' ? [truth, later(truth)] : [truth],
  );
  return ofFile('hot journal', specimen, known, `${DATABASE}-journal`, PATTERNS);
}

/** An answer that lies beside the vault because the database could not take it. */
async function spill(): Promise<Target> {
  const specimen = await openSpecimen('s');
  await specimen.add('ada');
  const [truth] = specimen.truths;
  if (truth === undefined) throw new Error('there is an account');
  const opened = specimen.open();
  const vault = await opened.access.openOrCreate();
  const account = await vault.account(truth.account.id);
  if (account === null) throw new Error('the account is there');
  const { access, refresh } = later(truth);
  const tokens = { accessToken: new Secret(access), refreshToken: new Secret(refresh), idToken: null };
  const answer = { change: {}, ...tokens };
  const sealed = await vault.sealAnswer(account, answer);
  const slot = opened.refreshing.spill.reserve();
  slot.write({ accountId: account.id, generation: account.generation, sealed });
  await opened.close();
  renameSync(join(specimen.folder, 'spill/own.spill'), join(specimen.folder, 'spill/left.spill'));
  specimen.take();
  const file = 'spill/left.spill';
  return ofFile('spill', specimen, [[truth, later(truth)]], file, PATTERNS, false);
}

/** What `vault key export` writes. It is refused before the passphrase is tried, which would take long. */
async function recovery(): Promise<Target> {
  const passphrase = new Secret('example words nobody would guess');
  const dataKeys = [{ dataKeyId: 1, purpose: 'ledger' as const, key: Buffer.alloc(32, 3), createdAt: 1 }];
  const text = await writeRecovery({ vaultId: Buffer.alloc(16, 1), dataKeys }, passphrase);
  return {
    name: 'recovery file',
    bytes: Buffer.from(text),
    patterns: EVERY_PATTERN,
    async look(changed) {
      const outcome = await readRecovery(changed.toString('utf8'), passphrase, 'vault.recovery').then(
        () => 'was read',
        (failure: unknown) => asVaultError(failure).code,
      );
      const right = outcome === 'vault_damaged' || outcome === 'vault_newer';
      const broken = right ? [] : [`an altered recovery file ${outcome}`];
      return { broken, given: 0, refused: right ? 1 : 0, listed: 'as stored', doctor: 'well' };
    },
    remove: () => undefined,
  };
}

function later({ account, access, refresh, email }: Truth): Truth {
  const generation = account.generation + 1;
  return { account: { ...account, generation }, access: next(access), refresh: next(refresh), email };
}
