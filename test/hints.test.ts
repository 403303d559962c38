import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandsIn, expectTypedHints, whyNotTyped } from './harness/hints.js';

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url));

/** What may be in a place of a command that the source leaves open. */
const FILLINGS = [
  'work',
  '',
  ' bash',
  'file',
  'git',
  'imap',
  'rotate',
  'xoauth2',
  'google-auth',
  'providers.work.issuer x',
  '5m',
];
/** Only named in a sentence, and not to be typed as they are. */
const NAMED = ['backup', 'restore', 'key remove'];
const HOLE = '\0';

/** The commands in calls of `command('…')`, each with its place; what is not known before it runs is a hole. */
function writtenCommands(): { readonly place: string; readonly line: string }[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('hints.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(SOURCE, name), 'utf8');
      return [...text.matchAll(/\b(?:command|commandLine|ownCommand)\((?=['"`])/g)].map(
        ({ 0: call, index }) => ({
          place: `${name}:${text.slice(0, index).split('\n').length}`,
          line: literalAt(text, index + call.length),
        }),
      );
    });
}

/** The text of a string literal that begins there. */
function literalAt(text: string, start: number): string {
  const quote = text[start];
  let line = '';
  for (let at = start + 1; text[at] !== quote; at += 1) {
    if (text.startsWith('${', at)) {
      at = endOfHole(text, at + 2);
      line += HOLE;
    } else {
      if (text[at] === '\\') at += 1;
      line += text[at];
    }
  }
  return line;
}

/** Where the bracket is that closes `${`; there may be others, and literals, inside. */
function endOfHole(text: string, start: number): number {
  for (let depth = 0, at = start; ; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}' && depth === 0) return at;
    if (text[at] === '}') depth -= 1;
  }
}

/** Why no filling makes it a command that can be typed; null where one does. */
async function whyNever(line: string): Promise<string | null> {
  const holes = line.split(HOLE).length - 1;
  let why: string | null = null;
  for (let number = 0; number < FILLINGS.length ** Math.min(holes, 3); number += 1) {
    let rest = number;
    const filled = line.replaceAll(HOLE, () => {
      const filling = FILLINGS[rest % FILLINGS.length] ?? '';
      rest = Math.floor(rest / FILLINGS.length);
      return filling;
    });
    why = await whyNotTyped(`vault ${filled}`);
    if (why === null) return null;
  }
  return why;
}

describe('a command in a message', () => {
  it('can be typed, wherever the source makes one', async () => {
    const written = writtenCommands();
    expect(written.length).toBeGreaterThan(150);
    const wrong: string[] = [];
    for (const { place, line } of written) {
      if (NAMED.includes(line)) continue;
      const why = await whyNever(line);
      if (why !== null) wrong.push(`${place}: ${line.replaceAll(HOLE, '…')}: ${why}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['hint: vault login work', ['vault login work']],
    ['hint: to list them: token-vault --profile acme providers', ['token-vault --profile acme providers']],
    ['  vault doctor --accept-rollback', ['vault doctor --accept-rollback']],
    ['{"error":{"hint":"vault login work\\nor: vault list"}}', ['vault login work', 'vault list']],
    ['vault: unknown provider', []],
    ['to try it: echo ghcr.io | docker-credential-vault list', []],
    ['the vault list is long', []],
  ])('is found in %j', (line, commands) => {
    expect(commandsIn(line)).toEqual(commands);
  });

  it.each([
    ['vault frob', "unknown command 'frob'"],
    ['vault list the accounts', "too many arguments for 'list': expected 0 arguments but got 2"],
    ['vault login work --bogus', "unknown option '--bogus'"],
    ['vault connect TOOL', null],
    ["vault revoke --local 'work/a b'", null],
    ['vault completion powershell | Out-String', null],
    ['token-vault --profile acme exec work -- sh -c x', null],
  ])('%s: %s', async (line, why) => {
    expect(await whyNotTyped(line)).toBe(why);
  });

  it('that cannot be typed fails the test that has printed it', async () => {
    const run = { stdout: '', stderr: 'vault: no\nhint: vault login work and then wait\n' };
    await expect(expectTypedHints(run)).rejects.toThrow('vault login work and then wait: too many arguments');
    await expect(expectTypedHints({ stdout: 'hint: vault list\n', stderr: '' })).resolves.toBeUndefined();
  });
});
