import { describe, expect, it } from 'vitest';
import { demo, printDemo } from '../../src/commands/demo.js';
import type { DemoTalk } from '../../src/demo/contract.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

async function printed(
  show: (talk: DemoTalk) => Promise<void>,
  { fast = false, ...options }: TerminalOptions & { fast?: boolean } = {},
) {
  const { io, written } = terminal(options);
  await printDemo(show, io, fast);
  return written;
}

async function walk(talk: DemoTalk): Promise<void> {
  await talk.step('Log in');
  talk.note('open http://127.0.0.1:4711/');
  talk.command('vault login demo');
  talk.output('logged in\n', 'stderr');
  talk.output('demo/alice\n', 'stdout');
  await talk.step('Ask for a token');
  talk.command('vault token demo');
  talk.output('token\u001b[2J\n', 'stdout');
}

describe('vault demo', () => {
  it.each([
    ['', { browser: true, fast: false }],
    ['--no-browser --fast', { browser: false, fast: true }],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(demo, line)).toEqual(request);
  });

  it('shows each command as typed, then its output', async () => {
    expect(await printed(walk)).toEqual({
      stdout: `Log in
open http://127.0.0.1:4711/
$ vault login demo
logged in
demo/alice

Ask for a token
$ vault token demo
token\\x1b[2J
`,
      stderr: '',
    });
  });

  it('prints one document with --json, and notes as they come', async () => {
    const { stdout, stderr } = await printed(walk, { json: true });
    expect(stderr).toBe('open http://127.0.0.1:4711/\n');
    expect(JSON.parse(stdout)).toEqual({
      steps: [
        {
          title: 'Log in',
          commands: [{ line: 'vault login demo', stdout: 'demo/alice\n', stderr: 'logged in\n' }],
          notes: ['open http://127.0.0.1:4711/'],
        },
        {
          title: 'Ask for a token',
          commands: [{ line: 'vault token demo', stdout: 'token\u001b[2J\n', stderr: '' }],
          notes: [],
        },
      ],
    });
  });

  it('keeps notes before the first step', async () => {
    const { stdout } = await printed(async (talk) => talk.note('welcome'), { json: true });
    expect(JSON.parse(stdout)).toEqual({ steps: [{ title: '', commands: [], notes: ['welcome'] }] });
  });

  it('waits for Enter at a terminal before each chapter but the first', async () => {
    const { stderr } = await printed(walk, { tty: true, typed: '\n' });
    expect(stderr.match(/Enter/g)).toHaveLength(1);
  });

  it('waits for nothing with --fast', async () => {
    expect((await printed(walk, { tty: true, fast: true })).stderr).toBe('');
  });

  it('keeps the styles of what a command prints, and nothing else a terminal obeys', async () => {
    const { stdout } = await printed(async (talk) => talk.output('\x1b[32mok\x1b[39m\x1b[2J\n', 'stderr'));
    expect(stdout).toBe('\x1b[32mok\x1b[39m\\x1b[2J\n');
  });

  it('cuts a URL at the width of the terminal, and breaks other lines between words', async () => {
    const url = `https://id.example.com/${'a'.repeat(80)}`;
    const { stdout } = await printed(async (talk) => talk.output(`${url}\nto be or not\n`, 'stderr'), {
      tty: true,
      columns: 10,
    });
    expect(stdout).toBe('https://i…\nto be or\nnot\n');
  });
});
