import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BoundedOptions, runBounded } from '../../../src/system/processes/child.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-bounded-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shell = (script: string, over: Partial<BoundedOptions> = {}) =>
  runBounded('/bin/sh', ['-c', script], {
    env: { PATH: '/usr/bin:/bin' },
    cwd: folder,
    input: new Uint8Array(),
    limit: 15_000,
    capture: true,
    ...over,
  });

describe('a program with a limited time', () => {
  it('gets its input and returns what it printed', async () => {
    const input = Buffer.from([0x66, 0xff, 0x0a]);
    expect(await shell('cat; echo talk >&2; exit 3', { input })).toEqual({
      kind: 'ended',
      exitCode: 3,
      stdout: input,
      stderr: 'talk\n',
    });
  });

  it.each(['', '.', ':'])('is not one from its folder if PATH is %j', async (path) => {
    writeFileSync(join(folder, 'crontab-of-the-folder'), '#!/bin/sh\necho bait\n', { mode: 0o755 });
    const options = { cwd: folder, input: new Uint8Array(), limit: 15_000, capture: true };
    const end = await runBounded('crontab-of-the-folder', [], { ...options, env: { PATH: path } });
    expect(end).toEqual({ kind: 'not_started', code: 'ENOENT' });
  });

  it('may ignore its input, and be ended by a signal', async () => {
    const input = Buffer.alloc(1024 * 1024);
    expect(await shell('kill -TERM $$', { input })).toMatchObject({ kind: 'ended', exitCode: 143 });
  });

  it('is killed if it has printed more than the limit', async () => {
    const end = await shell('yes; touch after', { enough: 4096 });
    expect(end).toMatchObject({ kind: 'ended', exitCode: 137 });
    expect(end.kind === 'ended' && end.stdout.length).toBeGreaterThan(4096);
    expect(existsSync(join(folder, 'after'))).toBe(false);
  });

  it('that cannot be started says why', async () => {
    const options = { env: {}, cwd: folder, input: new Uint8Array(), limit: 9_000, capture: false };
    expect(await runBounded(join(folder, 'none'), [], options)).toEqual({
      kind: 'not_started',
      code: 'ENOENT',
    });
    expect(await runBounded(folder, [], options)).toEqual({ kind: 'not_started', code: 'EACCES' });
    expect(await runBounded('/dev/null/none', [], options)).toEqual({ kind: 'not_started', code: 'ENOTDIR' });
  });

  it('is killed with all its children, even if they ignore signals', async () => {
    const calledOff = new AbortController();
    const ignoring = 'trap "" TERM INT HUP';
    const ended = shell(`${ignoring}; (${ignoring}; sleep 60) & echo $! > child; wait`, {
      signal: calledOff.signal,
    });
    const pid = await vi.waitFor(
      () => Number(readFileSync(join(folder, 'child'), 'utf8')) || Promise.reject(),
      9_000,
    );
    expect(() => process.kill(pid, 0)).not.toThrow();
    calledOff.abort();
    expect(await ended).toEqual({ kind: 'timed_out' });
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 9_000);
  });

  it('is killed at its deadline', async () => {
    expect(await shell('sleep 60', { limit: 100 })).toEqual({ kind: 'timed_out' });
  });

  it('is killed if the call was aborted before it began', async () => {
    const signal = AbortSignal.abort();
    expect(await shell('sleep 60', { signal })).toEqual({ kind: 'timed_out' });
  });

  it.each([false, true])(
    'is not waited for if a child holds its output open, read or not: %s',
    async (capture) => {
      const end = await shell('echo done; sleep 60 & echo $! > left; exit 3', { capture });
      process.kill(Number(readFileSync(join(folder, 'left'), 'utf8')));
      expect(end).toMatchObject({ kind: 'ended', exitCode: 3 });
      expect(end.kind === 'ended' && end.stdout.toString()).toBe(capture ? 'done\n' : '');
    },
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
