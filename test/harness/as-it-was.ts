import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TempHome } from './temp-home.js';

/**
 * Has the vault's folder hold what a copy of it holds, so that nothing tells that it ever held something else: files are
 * written where they lie, and the second mark goes.
 */
export function asItWas({ home, vault }: TempHome, copy: string): void {
  rmSync(join(home, '.local'), { recursive: true, force: true });
  const names = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const kept = new Set(names(copy));
  for (const name of names(vault))
    if (!kept.has(name)) rmSync(join(vault, name), { recursive: true, force: true });
  for (const name of kept) {
    const [from, to] = [join(copy, name), join(vault, name)];
    const { mode } = statSync(from);
    if (statSync(from).isDirectory()) {
      if (!statSync(to, { throwIfNoEntry: false })?.isDirectory()) {
        rmSync(to, { force: true });
        mkdirSync(to);
      }
    } else if (statSync(to, { throwIfNoEntry: false }) === undefined) copyFileSync(from, to);
    else writeFileSync(to, readFileSync(from));
    chmodSync(to, mode & 0o777);
  }
}
