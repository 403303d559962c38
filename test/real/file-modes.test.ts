import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

/** Modes that the program itself asked the kernel for, with the line that did. */
function created(
  trace: string,
): { readonly line: string; readonly mode: number; readonly folder: boolean }[] {
  return trace
    .split('\n')
    .filter((line) => /O_CREAT|mkdir(?:at)?\(/.test(line) && !/= -1 E/.test(line))
    .map((line) => ({
      line,
      mode: Number.parseInt(/, 0(\d+)\)?(?: |$)/.exec(line)?.[1] ?? '777', 8),
      folder: line.includes('mkdir'),
    }));
}

const LOOSEST = { file: 0o600, folder: 0o700 };

describe('under umask 000', () => {
  it('no file is ever created with more than 0600, no folder with more than 0700', async (context) => {
    needs(context, 'strace');
    const calls = join(stage.home.root, 'strace');
    let run = 0;
    const under = () => {
      run += 1;
      const trace = ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'trace=open,openat,creat,mkdir,mkdirat'];
      return { under: ['sh', '-c', 'umask 000; exec "$@"', 'sh', ...trace, '-o', `${calls}-${run}`] };
    };
    const whole = [
      await stage.logIn([], {}, under()),
      await stage.vault(['token', 'demo', '--refresh'], under()),
      await stage.vault(['refresh', '--all'], under()),
      await stage.vault(['list'], under()),
      await stage.vault(['revoke', 'demo', '--yes'], under()),
    ];
    expect(whole.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);

    const traces = Array.from({ length: run }, (_, index) => readFileSync(`${calls}-${index + 1}`, 'utf8'));
    const files = traces.flatMap(created).filter(({ line }) => line.includes(stage.home.root));
    expect(files.filter(({ line }) => line.includes('vault.db'))).not.toEqual([]);
    const loose = files.filter(
      ({ mode, folder }) => (mode & ~(folder ? LOOSEST.folder : LOOSEST.file)) !== 0,
    );
    expect(loose.map(({ line }) => line)).toEqual([]);

    const entries = readdirSync(stage.home.vault, { recursive: true, withFileTypes: true });
    const lying = entries.filter((entry) => {
      const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
      return (mode & ~(entry.isDirectory() ? LOOSEST.folder : LOOSEST.file)) !== 0;
    });
    expect(lying.map(({ name }) => name)).toEqual([]);
  });
});

describe('a file that the user names', () => {
  it('keeps its mode, whatever it turns out to be', async () => {
    const letter = join(stage.home.home, 'letter');
    writeFileSync(letter, 'neither backup nor recovery file', { mode: 0o644 });
    await stage.vault(['init']);
    const runs = [
      await stage.vault(['restore', letter, '--yes']),
      await stage.vault(['key', 'import', letter]),
    ];
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([9, 9]);
    expect(runs.map(({ stderr }) => stderr).join()).not.toContain('mode');
    expect(statSync(letter).mode & 0o777).toBe(0o644);
  });
});
