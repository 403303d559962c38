import { execFileSync } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { EPOCH, settle } from './files.mjs';

/** Packs a folder, under its name, with GNU tar: the same bytes each time. */
export function pack(folder, target) {
  settle(folder);
  const same = [
    '--sort=name',
    `--mtime=@${EPOCH}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
  ];
  const where = ['-C', dirname(folder), '-cf', target, basename(folder)];
  execFileSync('tar', ['--use-compress-program=gzip -n', ...same, ...where]);
}
