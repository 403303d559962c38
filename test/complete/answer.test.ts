import { beforeAll, describe, expect, it } from 'vitest';
import { loadCommands, tableOf } from '../../scripts/reference.js';
import type { Table } from '../../src/complete/answer.js';
import { type Answer, answer, type Names } from '../../src/complete/answer.js';
import { TOKEN_FORMATS } from '../../src/services/token/token-formats.js';

const NAMES: Names = {
  accounts: (profile) =>
    profile === null ? ['google/alice@example.com', 'google/work'] : [`${profile}/one`],
  providers: (profile) => (profile === null ? ['forge', 'google'] : [`of-${profile}`]),
  profiles: () => ['acme', 'home'],
};

let table: Table;
beforeAll(async () => {
  table = tableOf(await loadCommands());
});

/** @param line with a `|` where the cursor is */
function answerTo(line: string): Answer {
  const words = line.split(' ');
  const at = words.findIndex((word) => word.endsWith('|'));
  return answer(
    table,
    words.map((word) => word.replace('|', '')),
    at,
    NAMES,
  );
}

function offered(line: string): string[] {
  const found = answerTo(line);
  return found.kind === 'words' ? found.candidates.map(({ word }) => word) : expect.fail(found.kind);
}

describe('completion offers', () => {
  it.each([
    ['re|', ['rename', 'refresh', 'revoke', 'restore']],
    ['token |', ['google/alice@example.com', 'google/work']],
    ['token google/w|', ['google/work']],
    ['revoke google/work g|', ['google/alice@example.com', 'google/work']],
    ['token google/work |', expect.arrayContaining(['--min-valid', '--json'])],
    ['token --f|', ['--format']],
    ['token --format |', [...TOKEN_FORMATS]],
    ['token --format=xo|', ['--format=xoauth2']],
    ['token --min-valid |', []],
    ['token --refresh --ref|', ['--refused']],
    ['login google --scope a --sc|', ['--scope']],
    ['login for|', ['forge']],
    ['login goo|', ['google', 'google/alice@example.com', 'google/work']],
    ['providers |', expect.arrayContaining(['google', 'microsoft', 'github', 'forge'])],
    ['providers git|', ['github', 'gitlab']],
    ['--profile |', ['acme', 'home']],
    ['--profile acme token |', ['acme/one']],
    ['--profile=acme providers of|', ['of-acme']],
    ['list --status fail|', ['failing']],
    ['key |', ['status', 'add', 'use', 'remove', 'rotate', 'export', 'import']],
    ['key add key|', ['keychain']],
    ['key rotate --d|', ['--data']],
    ['key status --d|', []],
    ['key import a.recovery pass|', ['passphrase']],
    ['agent |', ['status', 'stop', 'install', 'uninstall']],
    ['agent --ev|', ['--every']],
    ['help k|', ['key']],
    ['help key rot|', ['rotate']],
    ['help token |', []],
    ['token -- goo|', ['google/alice@example.com', 'google/work']],
    ['exec google/work |', ['--']],
    ['completion |', ['bash', 'zsh', 'fish', 'powershell']],
    ['nonsense |', expect.arrayContaining(['--json', '--help'])],
  ])('for %s', (line, words) => {
    expect(offered(line)).toEqual(words);
  });

  it('prints the meaning of each word', () => {
    expect(answerTo('tok|')).toEqual({
      kind: 'words',
      candidates: [{ word: 'token', says: 'print a valid access token' }],
    });
  });

  it.each(['backup |', 'restore a|', 'key export |', 'key add file --key-file |', '--settings=x|'])(
    'leaves it to the shell to complete a file: %s',
    (line) => {
      expect(answerTo(line)).toEqual({ kind: 'files' });
    },
  );

  it.each([
    ['exec google/work -- git st|', 3],
    ['--profile acme exec acme/one -- |', 5],
    ['init --key-source command -- pass |', 4],
    ['key add command -- pass show |', 4],
  ])('leaves it to the shell to complete another program: %s', (line, at) => {
    expect(answerTo(line)).toEqual({ kind: 'program', at });
  });
});
