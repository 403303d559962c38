import { describe, expect, it } from 'vitest';
import { runChild } from '../../../src/system/processes/child.js';

const env = { PATH: process.env['PATH'] };
const shell = (script: string, onLine?: (line: string) => void) =>
  runChild('sh', ['-c', script], env, onLine);

describe('a program that runs to its end', () => {
  it('returns its output and how it ended', async () => {
    expect(await shell('echo out; echo err >&2; exit 7')).toEqual({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it.each([
    ['INT', 130],
    ['TERM', 143],
    ['KILL', 137],
    ['HUP', 129],
  ])('ended by SIG%s counts as %i, as in a shell', async (signal, exitCode) => {
    expect(await shell(`kill -${signal} $$`)).toMatchObject({ exitCode });
  });

  it('is read line by line, including an unfinished last line and UTF-8', async () => {
    const lines: string[] = [];
    const { stderr } = await shell(
      "printf 'one\\ntw\\303' >&2; sleep 0.05; printf '\\266\\n\\nlast' >&2",
      (line) => lines.push(line),
    );
    expect(lines).toEqual(['one', 'twö', '', 'last']);
    expect(stderr).toBe('one\ntwö\n\nlast');
  });

  it('has an empty input, the given environment and no shell', async () => {
    const script =
      'process.stdin.on("data", () => process.exit(9)); process.stdin.on("end", () => console.log(JSON.stringify([process.argv.slice(1), process.env.GIVEN, process.env.HOME ?? null])))';
    const { stdout } = await runChild(process.execPath, ['-e', script, '$(echo no)', '; exit 3'], {
      GIVEN: 'given',
    });
    expect(JSON.parse(stdout)).toEqual([['$(echo no)', '; exit 3'], 'given', null]);
  });

  it('that cannot be started is a failure', async () => {
    await expect(runChild('/nonexistent/program', [], env)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
