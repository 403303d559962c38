// Another user of the machine, who puts things in the way of a vault as fast as they can: a link to a folder of the
// vault's owner, a folder of their own, nothing; and takes away what is in their way. Ends when its stdin does.
import { mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

const [place, elsewhere, uid] = process.argv.slice(2);
process.setgid(Number(uid));
process.setuid(Number(uid));
let names = [];
process.stdin.setEncoding('utf8').on('data', (text) => {
  names = text.trim().split('\n').at(-1).split(' ');
});
process.stdin.on('end', () => process.exit());

const puts = [
  (path) => symlinkSync(elsewhere, path),
  () => undefined,
  (path) => mkdirSync(path, { mode: 0o777 }),
  (path) => symlinkSync(join(elsewhere, 'vault.db'), path),
];
const takes = [unlinkSync, rmdirSync, (path) => renameSync(path, `${path}.taken-${turn}`)];
let turn = 0;

function tried(act, path) {
  try {
    act(path);
    return true;
  } catch {
    // Not theirs to take, or the vault was faster.
    return false;
  }
}

function swap() {
  for (const name of names) {
    const path = join(place, name);
    turn += 1;
    takes.some((take) => tried(take, path));
    tried(puts[turn % puts.length], path);
  }
  setImmediate(swap);
}

process.stdout.write('ready\n');
swap();
