import { describe, expect, it } from 'vitest';
import { demo, printDemo } from '../../src/commands/demo.js';
import type { DemoTalk } from '../../src/demo/contract.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

async function printed(show: (talk: DemoTalk) => void, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  await printDemo(async (talk) => show(talk), io);
  return written;
}

function walk(talk: DemoTalk): void {
  talk.step('Log in');
  talk.note('open http://127.0.0.1:4711/');
  talk.command('vault login demo', 'demo/alice\n', 'logged in\n');
  talk.step('Ask for a token');
  talk.command('vault token demo', 'token\u001b[2J\n', '');
}

describe('vault demo', () => {
  it.each([
    ['', { browser: true }],
    ['--no-browser', { browser: false }],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(demo, line)).toEqual(request);
  });

  it('shows each command as typed, then its output', async () => {
    expect(await printed(walk)).toEqual({
      stdout: `
Log in
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
    const { stdout } = await printed((talk) => talk.note('welcome'), { json: true });
    expect(JSON.parse(stdout)).toEqual({ steps: [{ title: '', commands: [], notes: ['welcome'] }] });
  });
});
