import { Writable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { printTable } from '../../src/ui/layout.js';
import { progressOn } from '../../src/ui/progress.js';
import { terminal } from '../doubles/terminal.js';

const ESCAPE = '\u001b';
const COLUMNS = [{ title: 'A', shrink: true }, { title: 'B' }];

function printEverything(io: ReturnType<typeof terminal>['io']): void {
  io.say('said', 'green');
  io.warn('warned', 'red');
  io.detail('detailed');
  io.data(`${io.theme.bold('data')}\n`);
  printTable(io, COLUMNS, [['x', 'y']]);
  const progress = progressOn(io);
  progress.step('first', 2);
  progress.stop();
}

describe('at a terminal', () => {
  it('what is said is broken between words, and a command is alone on its line', () => {
    const { io, written } = terminal({ tty: true, columns: 20, env: { NO_COLOR: '1' } });
    io.say('opened a browser; log in there');
    io.say('hint: log in again: vault login google');
    io.say('to try it: git ls-remote https://git.example.com/r.git');
    expect(written.stderr).toBe(
      [
        ...['opened a browser;', 'log in there', 'hint: log in again:', '  vault login google'],
        ...['to try it:', '  git ls-remote https://git.example.com/r.git', ''],
      ].join('\n'),
    );
  });

  it('what is indented stays so', () => {
    const { io, written } = terminal({ tty: true, columns: 20, env: { NO_COLOR: '1' } });
    io.say('  opened a browser; log in there');
    io.say('  hint: log in again: vault login google');
    expect(written.stderr).toBe(
      '  opened a browser;\n  log in there\n  hint: log in\n  again:\n    vault login google\n',
    );
  });

  it('wide characters count twice', () => {
    const { io, written } = terminal({ tty: true, columns: 8, env: { NO_COLOR: '1' } });
    io.say('日本 日本 日本');
    expect(written.stderr).toBe('日本\n日本\n日本\n');
  });
});

describe('in a pipe', () => {
  it('data goes to stdout and messages to stderr, without colour', () => {
    const { io, written } = terminal({ verbose: true });
    printEverything(io);
    expect(written).toEqual({ stdout: 'data\nA  B\nx  y\n', stderr: 'said\nwarned\ndetailed\nfirst\n' });
  });

  it('a table is as wide as it needs to be, because another program reads it', () => {
    const { io, written } = terminal({ columns: 40 });
    printTable(io, COLUMNS, [['x'.repeat(150), 'y']]);
    expect(written.stdout.split('\n')[1]).toBe(`${'x'.repeat(150)}  y`);
  });

  it('no question can be asked', async () => {
    const { io, written } = terminal({ typed: 'y\n' });
    expect(io.interactive).toBe(false);
    expect(await io.confirm('really?')).toBe(false);
    expect(written.stderr).toBe('');
  });
});

describe('on a terminal', () => {
  it('that does not know its size is 80 columns wide', () => {
    const { io } = terminal({ tty: true, columns: 0 });
    expect([io.columns, io.tableWidth, io.screen?.columns]).toEqual([80, 80, 80]);
  });

  it('output is coloured', () => {
    const { io, written } = terminal({ tty: true });
    io.say('said', 'green');
    io.data(io.theme.bold('data'));
    expect(written.stderr).toBe(`${ESCAPE}[32msaid${ESCAPE}[39m\n`);
    expect(written.stdout).toBe(`${ESCAPE}[1mdata${ESCAPE}[22m`);
  });

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('output is not coloured with %o', (env) => {
    const { io, written } = terminal({ tty: true, env });
    io.say('said', 'green');
    io.data(io.theme.bold('data'));
    expect(written).toEqual({ stdout: 'data', stderr: 'said\n' });
  });

  it('output is coloured with an empty NO_COLOR', () => {
    const { io, written } = terminal({ tty: true, env: { NO_COLOR: '' } });
    io.say('said', 'green');
    expect(written.stderr).toContain(ESCAPE);
  });

  it('text from elsewhere cannot contain a colour or an escape sequence', () => {
    const { io, written } = terminal({ tty: true });
    io.say(`a${ESCAPE}[2Jb`);
    printTable(io, [{ title: 'A' }], [[`c${ESCAPE}]0;x\u0007`]]);
    expect(written.stderr).toBe('a\\x1b[2Jb\n');
    expect(written.stdout).toContain('c\\x1b]0;x\\x07');
  });

  it('a bar counts, and is removed when it stops', () => {
    const { io, written } = terminal({ tty: true });
    const progress = progressOn(io);
    progress.step('one is done', 2);
    progress.stop();
    expect(written.stderr).toContain('1/2');
    expect(written.stdout).toBe('');
  });

  it('a terminal without cursor movement gets a line per step instead of a bar', () => {
    const { io, written } = terminal({ tty: true, env: { TERM: 'dumb' } });
    const progress = progressOn(io);
    progress.step('one is done', 2);
    progress.stop();
    expect(written.stderr).toBe('one is done\n');
  });

  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
  ])('the answer %j means %s', async (typed, answer) => {
    const { io, written } = terminal({ tty: true, typed });
    expect(await io.confirm('really?')).toBe(answer);
    expect(written.stderr).toContain('really? [y/N] ');
  });

  it('a question is asked again after another word', async () => {
    const { io, written, stdin } = terminal({ tty: true });
    const answer = io.confirm('really?', 'yes');
    stdin.write('nein\n');
    await vi.waitFor(() => expect(written.stderr).toMatch(/type y or n[^?]*really\? \[Y\/n\] $/));
    stdin.write('n\n');
    expect(await answer).toBe(false);
  });

  it('a question ends as interrupted with the input, and so does the next', async () => {
    const { io } = terminal({ tty: true, typed: '' });
    await expect(io.confirm('really?')).rejects.toMatchObject({ code: 'interrupted' });
    await expect(io.confirm('really?')).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('a y that Ctrl-D ends, and not Enter, is no answer', async () => {
    const { io } = terminal({ tty: true, typed: 'y' });
    await expect(io.confirm('really?')).rejects.toMatchObject({ code: 'interrupted' });
  });

  it.each([
    ['interrupted', 'of no kind'],
    ['terminated', new VaultError('terminated', 'asked to end')],
  ])('a question ends as %s if the program is to end', async (code, reason) => {
    const controller = new AbortController();
    const { io } = terminal({ tty: true, interruption: controller.signal });
    const answer = io.confirm('really?');
    setImmediate(() => controller.abort(reason));
    await expect(answer).rejects.toMatchObject({ code });
  });
});

describe('--quiet, --verbose and --json', () => {
  it('quiet prints only warnings', () => {
    const { io, written } = terminal({ quiet: true });
    printEverything(io);
    expect(written.stderr).toBe('warned\n');
  });

  it('details need --verbose', () => {
    const { io, written } = terminal();
    io.detail('detailed');
    expect(written.stderr).toBe('');
  });

  it('with --json no progress is shown, and a document is one line', () => {
    const { io, written } = terminal({ json: true });
    progressOn(io).step('one', 3);
    io.document({ a: [1, { b: 'c\u202e' }] });
    expect(written).toEqual({ stdout: '{"a":[1,{"b":"c\\u202e"}]}\n', stderr: '' });
  });
});

describe('many documents', () => {
  it('are one line each, without terminal sequences, with hints as typed', () => {
    const { io, written } = terminal({ json: true });
    io.documents([{ a: 'b\u009b\u2028' }, { hint: 'vault list' }]);
    expect(written).toEqual({
      stdout: '{"a":"b\\u009b\\u2028"}\n{"hint":"vault list"}\n',
      stderr: '',
    });
    expect(io.gaveDocument).toBe(true);
  });
});

describe('a document in pieces', () => {
  it('is one line, without terminal sequences', async () => {
    const { io, written } = terminal({ json: true });
    await io.documentInPieces(ReadableStream.from(['["a\u009b"', ',1]']));
    expect(written.stdout).toBe('["a\\u009b",1]\n');
  });

  it('is not produced faster than stdout accepts it', async () => {
    let given = 0;
    const ahead: number[] = [];
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        setImmediate(() => {
          ahead.push(given);
          done();
        });
      },
    });
    const { io } = terminal({ json: true, stdout });
    async function* pieces() {
      for (; given < 3; given += 1) yield `${given}`;
    }
    await io.documentInPieces(pieces());
    expect(ahead.slice(0, 3)).toEqual([0, 0, 1]);
  });

  it('is begun once its first piece is ready, else the error replaces it', async () => {
    const { io } = terminal({ json: true });
    const failing = (pieces: readonly string[]) => {
      async function* run() {
        yield* pieces;
        throw new Error('failed');
      }
      return io.documentInPieces(run());
    };
    await expect(failing([])).rejects.toThrow('failed');
    expect(io.gaveDocument).toBe(false);
    await expect(failing(['['])).rejects.toThrow('failed');
    expect(io.gaveDocument).toBe(true);
  });
});

describe('lines from the user', () => {
  it('come one by one until the input ends', async () => {
    const { io } = terminal({ typed: 'first\r\nsecond' });
    const lines: string[] = [];
    for await (const line of io.lines(new AbortController().signal)) lines.push(line);
    expect(lines).toEqual(['first', 'second']);
  });

  it('end when the caller no longer waits for them', async () => {
    const { io, stdin } = terminal();
    const controller = new AbortController();
    stdin.write('first\n');
    const lines: string[] = [];
    for await (const line of io.lines(controller.signal)) {
      lines.push(line);
      controller.abort();
    }
    expect(lines).toEqual(['first']);
    expect(stdin.isPaused()).toBe(true);
  });
});

describe('stdout that cannot be written', () => {
  function broken(code: string) {
    const { io } = terminal({
      stdout: new Writable({
        write: (_chunk, _encoding, done) => done(Object.assign(new Error('no'), { code })),
      }),
    });
    io.data('data');
    return io.finish();
  }

  it('is no failure if the reader has gone away', async () => {
    await expect(broken('EPIPE')).resolves.toBeUndefined();
  });

  it('is a failure if data was lost', async () => {
    await expect(broken('ENOSPC')).rejects.toMatchObject({ code: 'output_failed', exitCode: 2 });
  });
});

describe('stdout that is written directly', () => {
  /** Takes so many bytes, then no more. */
  function taking(most: number) {
    let taken = '';
    const writeDirectly = (text: string) => {
      const bytes = Buffer.from(text);
      const now = bytes.subarray(0, most - Buffer.byteLength(taken));
      taken += now.toString();
      return bytes.subarray(now.length);
    };
    return { writeDirectly, taken: () => taken };
  }

  it('does not open the stream while all is accepted', async () => {
    const { writeDirectly, taken } = taking(100);
    const stdout = new Writable({ write: () => expect.fail('opened') });
    const { io } = terminal({ stdout, writeDirectly });
    io.data('one\n');
    io.document({ two: 2 });
    await io.finish();
    expect(taken()).toBe('one\n{"two":2}\n');
    expect(stdout.listenerCount('error')).toBe(0);
  });

  it('leaves the rest, and all that follows, to the stream', async () => {
    const { writeDirectly, taken } = taking(4);
    const { io, written } = terminal({ writeDirectly });
    for (const text of ['abcdef', 'gh', 'i']) io.data(text);
    await io.finish();
    expect([taken(), written.stdout]).toEqual(['abcd', 'efghi']);
  });
});
