import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VaultError } from '../src/domain/errors.js';
import type { Files } from '../src/system/contract.js';
import { createFiles } from '../src/system/files/files.js';
import type { Trial } from './contract.js';
import type { Random } from './room/random.js';
import { type Tally, tally } from './room/rounds.js';

const SWAPPER = fileURLToPath(new URL('./room/swapper.mjs', import.meta.url));
/** Any user but ours. */
const STRANGER = 54_321;
const NAMES = 4;
const TEXT = 'private text';
const KEPT = 'what lies elsewhere';

/** Where others may make things: they own what they make there, or may even exchange what is ours. */
const PLACES = [
  { name: 'shared', mode: 0o1777, group: 0, safe: true },
  { name: 'open', mode: 0o777, group: 0, safe: false },
  { name: 'of a group', mode: 0o770, group: STRANGER, safe: false },
] as const;
type Place = (typeof PLACES)[number];

interface Stand {
  readonly root: string;
  readonly elsewhere: string;
  readonly swappers: ReadonlyMap<Place, ChildProcess>;
}

/** Another user exchanges the vault's folder for links while it is made, written and read. */
export const swapRace: Trial = {
  name: 'swap-race',
  promise: 'whoever exchanges folders for links on the way to a vault gets nothing written elsewhere',
  rounds: 10_000,
  needs: ['another user'],

  async run(context) {
    const score = tally();
    const stand = await openStand();
    const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => undefined);
    for (let round = context.from; round < context.from + context.rounds; round += 1) {
      const place = PLACES[round % PLACES.length] ?? PLACES[0];
      const names = Array.from({ length: NAMES }, (_, index) => `vault-${round}-${index}`);
      stand.swappers.get(place)?.stdin?.write(`${names.join(' ')}\n`);
      // The swapper takes the names up at a moment of its own; ours is somewhere around it.
      await pause(context.random(round));
      for (const name of names) attempt(files, join(stand.root, place.name, name), place, round, score);
      untouched(stand.elsewhere, round, score);
    }
    await closeStand(stand);
    return {
      figure: `${context.rounds} rounds, ${score.of('attempts')} vaults made while somebody exchanged their folders: ${score.of('made')} made, ${score.of('refused')} refused, ${score.of('elsewhere')} written elsewhere`,
      broken: score.all,
    };
  },
};

async function openStand(): Promise<Stand> {
  const root = mkdtempSync(join(tmpdir(), 'vault-swap-'));
  // Others must get through to the places; what lies elsewhere is ours alone.
  chmodSync(root, 0o711);
  const elsewhere = join(root, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
  writeFileSync(join(elsewhere, 'vault.db'), KEPT, { mode: 0o600 });
  const swappers = new Map<Place, ChildProcess>();
  for (const place of PLACES) {
    const path = join(root, place.name);
    mkdirSync(path);
    chownSync(path, process.getuid?.() ?? 0, place.group);
    chmodSync(path, place.mode);
    const swapper = spawn(process.execPath, [SWAPPER, path, elsewhere, String(STRANGER)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(swapper.stdout, 'data');
    swappers.set(place, swapper);
  }
  return { root, elsewhere, swappers };
}

async function closeStand({ root, swappers }: Stand): Promise<void> {
  for (const swapper of swappers.values()) {
    swapper.stdin?.end();
    await once(swapper, 'exit');
  }
  rmSync(root, { recursive: true, force: true });
}

function pause(random: Random): Promise<void> {
  const turns = random.whole(4);
  return new Promise((resolve) => (turns === 0 ? setImmediate(resolve) : setTimeout(resolve, turns / 2)));
}

/** A vault's first run: its folder, a file, a second text for it, a line in a log. */
function attempt(files: Files, folder: string, place: Place, round: number, score: Tally): void {
  score.count('attempts');
  const file = join(folder, 'vault.db');
  try {
    files.ensureFolder(folder);
    files.create(file, Buffer.from(TEXT));
    files.replace(join(folder, 'config.json'), Buffer.from(TEXT));
    files.append(join(folder, 'security.log'), Buffer.from(TEXT), 1_000, 2);
    const { uid } = lstatSync(folder);
    if (files.read(file, 1_000)?.toString() !== TEXT || uid !== process.getuid?.())
      score.broken(round, `${place.name}: the folder that was made is not ours, or holds something else`);
    if (!place.safe) score.broken(round, `${place.name}: a folder that others may write to was taken`);
    score.count('made');
  } catch (failure) {
    const expected = failure instanceof VaultError && /^vault_(permissions|not_writable)$/.test(failure.code);
    if (!expected) score.broken(round, `${place.name}: ${failure}`);
    score.count('refused');
  }
}

function untouched(elsewhere: string, round: number, score: Tally): void {
  const names = readdirSync(elsewhere);
  if (names.length === 1 && readFileSync(join(elsewhere, 'vault.db'), 'utf8') === KEPT) return;
  score.count('elsewhere');
  score.broken(round, `written elsewhere: ${names.join(', ')}`);
}
