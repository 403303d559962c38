import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { Change, ConnectRequest } from './contract.js';

/** A program by the name that another one looks for. It runs the helper, with all that it was given. */
export function helperProgram(
  { self, platform }: ConnectRequest,
  file: string,
  words: readonly string[],
): Change {
  if (platform === 'win32')
    throw new VaultError('usage', `the program ${file} cannot be made on Windows yet`);
  const run = [...self, 'helper', ...words].map(quoted).join(' ');
  return { kind: 'script', file, lines: ['#!/bin/sh', `exec ${run} "$@"`], shared: true };
}

/** Where programs of one user are, and what to do when the shell does not look there. */
export function userProgram(request: ConnectRequest, name: string): { file: string; notes: string[] } {
  const folder = join(request.home, '.local', 'bin');
  const found = request.env['PATH']?.split(':').includes(folder) === true;
  return {
    file: join(folder, name),
    notes: found
      ? []
      : [`${folder} is not on your PATH; add to the profile of your shell: export PATH="${folder}:$PATH"`],
  };
}
