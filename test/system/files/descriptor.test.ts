import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDescriptor } from '../../../src/system/files/secret-input.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-descriptor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): number {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return openSync(path, 'r');
}

/** The reading end of a pipe into which another process writes, and which it then holds open. */
async function pipeFrom(script: string) {
  const path = join(folder, 'pipe');
  const { execFileSync } = await import('node:child_process');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', `exec 3>'${path}'; ${script}; sleep 30 3>&3`], { detached: true });
  return { descriptor: openSync(path, 'r'), stop: () => process.kill(-(writer.pid ?? 0), 'SIGKILL') };
}

describe('an open descriptor', () => {
  it.each([
    ['a line', 'some words\n', 'some words'],
    ['a line without an end', 'some words', 'some words'],
    ['the first of several lines', 'some words\nmore\n', 'some words'],
    ['a line from Windows', 'some words\r\n', 'some words'],
    ['nothing', '', ''],
  ])('of a file returns %s, and is closed', async (_what, text, line) => {
    const descriptor = fileWith(text);
    expect(await readDescriptor(descriptor, 100, 1_000)).toEqual({ kind: 'line', text: line });
    expect(() => closeSync(descriptor)).toThrow();
  });

  it('of a pipe returns a line without waiting for the end, up to the limit', async () => {
    const whole = await pipeFrom("printf 'some words\\nmore' >&3");
    expect(await readDescriptor(whole.descriptor, 100, 20_000)).toEqual({ kind: 'line', text: 'some words' });
    whole.stop();
    rmSync(join(folder, 'pipe'));
    const long = await pipeFrom('head -c 200 /dev/zero >&3');
    expect(await readDescriptor(long.descriptor, 100, 20_000)).toEqual({ kind: 'too_long' });
    long.stop();
  });

  it('of a pipe that stays silent ends at the deadline', async () => {
    const silent = await pipeFrom('true');
    expect(await readDescriptor(silent.descriptor, 100, 50)).toEqual({ kind: 'timed_out' });
    silent.stop();
  });

  it('that is too long or not open is an error', async () => {
    expect(await readDescriptor(fileWith('x'.repeat(101)), 100, 1_000)).toEqual({ kind: 'too_long' });
    expect(await readDescriptor(999, 100, 1_000)).toEqual({ kind: 'not_open' });
  });
});
