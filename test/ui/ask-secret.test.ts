import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { askSecret } from '../../src/ui/ask.js';

/** A terminal in memory, which knows whether it echoes. */
function terminal() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => void modes.push(raw) });
  let shown = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  });
  const interruption = new AbortController();
  const asking = askSecret('question: ', input, output, interruption.signal);
  return { input, modes, interruption, asking, shown: () => shown };
}

describe('asking for a secret', () => {
  it.each([
    ['as it is', 'words of a person\r', 'words of a person'],
    ['with a line feed', 'words\n', 'words'],
    ['mended with backspace', 'worx\u007fds\r', 'words'],
    ['mended with Ctrl-H, past the beginning', 'a\b\b\bwords\r', 'words'],
    ['begun anew with Ctrl-U', 'nonsense\u0015words\r', 'words'],
    ['with arrow keys, which mean nothing', 'wo\u001b[Drds\u001b[3~\u001bOA\r', 'words'],
    ['with other control keys', 'wo\trds\u0000\r', 'words'],
    ['in other letters, of which one is taken back', 'schlüßel👍👍\u007f\r', 'schlüßel👍'],
    ['not at all', '\r', ''],
  ])('accepts it %s', async (_how, typed, expected) => {
    const { input, asking, modes, shown } = terminal();
    // One byte at a time, as slow as a person.
    for (const byte of Buffer.from(typed)) input.write(Buffer.from([byte]));
    expect((await asking).reveal()).toBe(expected);
    expect(shown()).toBe('question: \n');
    expect(modes).toEqual([true, false]);
    expect(input.isPaused()).toBe(true);
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-C after some keys', 'wor\u0003ds\r'],
    ['Ctrl-D at once', '\u0004'],
    ['Ctrl-D after some keys', 'wor\u0004'],
  ])('ends with %s, and restores the terminal', async (_how, typed) => {
    const { input, asking, modes } = terminal();
    input.write(typed);
    await expect(asking).rejects.toMatchObject({ code: 'interrupted' });
    expect(modes).toEqual([true, false]);
  });

  it('ends with the terminal, and with a signal', async () => {
    const gone = terminal();
    gone.input.end();
    await expect(gone.asking).rejects.toMatchObject({ code: 'interrupted' });
    const told = terminal();
    const reason = new VaultError('terminated', 'terminated');
    told.interruption.abort(reason);
    await expect(told.asking).rejects.toBe(reason);
    expect(told.modes).toEqual([true, false]);
  });
});
