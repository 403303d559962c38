import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, EXIT_CODES } from '../src/domain/errors.js';
import { isExactly, missingLine, parseStory } from './harness/story.js';
import { openStoryStage } from './harness/story-stage.js';

const FOLDER = fileURLToPath(new URL('./stories/', import.meta.url));
const stories = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

describe.concurrent('the stories', () => {
  it.for(stories)('%s happens as written', async (name, { expect }) => {
    const steps = parseStory(readFileSync(`${FOLDER}${name}`, 'utf8'));
    expect(steps.filter(({ kind }) => kind === 'command')).not.toEqual([]);
    const stage = await openStoryStage();
    let broken: readonly string[] = [];
    try {
      for (const step of steps) {
        if (step.kind === 'event') {
          await stage.happen(step.words);
          continue;
        }
        const run = await stage.type(step.line);
        const told = [
          `${name}:${step.at}: $ ${step.line}`,
          `exit code ${run.exitCode}, stdout:\n${run.stdout}stderr:\n${run.stderr}`,
        ].join('\n');
        expect(run.exitCode, told).toBe(step.exitCode);
        expect(isExactly(run.stdout, step.stdout), told).toBe(true);
        expect(missingLine(run.stderr, step.stderr), told).toBeNull();
      }
    } finally {
      broken = await stage.close();
    }
    expect(broken).toEqual([]);
  });
});

/** Codes that no story brings about on every machine, each with a test that does. */
const ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  unexpected: 'ui/error-view.test.ts',
  port_unavailable: 'oauth/loopback/listener.test.ts',
  scheduler_failed: 'system/schedulers/cron.test.ts',
  output_failed: 'ui/create-io.test.ts',
  login_opened_twice: 'oauth/loopback/start-page.test.ts',
  provider_answer_invalid: 'oauth/discovery.test.ts',
  refresh_interrupted: 'services/refresh/lost-answers.test.ts',
  tls_failed: 'real/mail-check.test.ts',
  key_unavailable: 'services/keys/recovery.test.ts',
  key_locked: 'services/agent/agent.test.ts',
  key_timed_out: 'keysources/os-keychain.test.ts',
  keychain_not_installed: 'keysources/os-keychain.test.ts',
  session_bus_missing: 'keysources/os-keychain.test.ts',
  key_denied: 'keysources/os-keychain.test.ts',
  vault_newer: 'stores/sqlite.test.ts',
  vault_not_writable: 'stores/places.test.ts',
  vault_rolled_back: 'services/integrity/integrity.test.ts',
  busy: 'stores/locks.test.ts',
  client_refused: 'services/refresh/refresh-one-outcomes.test.ts',
  policy_refused: 'services/refresh/refresh-one-outcomes.test.ts',
  token_type_unsupported: 'services/token/ensure-valid-type.test.ts',
  token_refused: 'real/mail-check.test.ts',
  mailbox_refused: 'real/mail-check.test.ts',
  mailbox_unavailable: 'real/mail-check.test.ts',
  mechanism_missing: 'real/mail-check.test.ts',
  interrupted: 'stores/locks.test.ts',
  terminated: 'ui/create-io.test.ts',
  installation_broken: 'stories.test.ts',
};

it('each error code is in a story, or in a test that is named here', () => {
  const told = stories.map((name) => readFileSync(`${FOLDER}${name}`, 'utf8')).join('');
  const exits: readonly number[] = Object.values(EXIT_CODES);
  // Where an exit code belongs to one error only, it is enough.
  const isAlone = (exit: number) => exits.indexOf(exit) === exits.lastIndexOf(exit);
  const codes = Object.entries(EXIT_CODES)
    .filter(
      ([code, exit]) =>
        !told.includes(`"code":"${code}"`) && !(isAlone(exit) && told.includes(`\n? ${exit}\n`)),
    )
    .map(([code]) => code);
  const tests = fileURLToPath(new URL('./', import.meta.url));
  const named = codes.filter((code) => {
    const file = ELSEWHERE[code as ErrorCode];
    return file !== undefined && readFileSync(`${tests}${file}`, 'utf8').includes(code);
  });
  expect(codes.filter((code) => !named.includes(code))).toEqual([]);
});

describe('the reader of stories', () => {
  it('parses a story', () => {
    const [event, command] = parseStory('# prose\n@ person ada\n\n$ vault list\n> one\n! two …\n? 3\n');
    expect(event).toMatchObject({ kind: 'event', words: ['person', 'ada'] });
    expect(command).toMatchObject({ line: 'vault list', stdout: ['one'], stderr: ['two …'], exitCode: 3 });
  });

  it.each(['> before any command', 'prose without its sign', '$ vault\n? many'])('refuses %j', (text) => {
    expect(() => parseStory(text)).toThrow(/not understood/);
  });

  it.each([
    ['a.b\n', ['a.b'], true],
    ['axb\n', ['a.b'], false],
    ['a\nb\n', ['a'], false],
    ['', [], true],
    ['a', ['a'], false],
    ['token-1234\n', ['token-…'], true],
    ['a\nb\nc\n', ['…', 'c'], true],
    ['a\nb\n', ['…', 'c'], false],
  ] as const)('finds that %j is %j: %s', (text, lines, expected) => {
    expect(isExactly(text, lines)).toBe(expected);
  });

  it('finds lines only in their order', () => {
    expect(missingLine('a\nb\nc\n', ['a', 'c'])).toBeNull();
    expect(missingLine('a\nb\nc\n', ['c', 'a'])).toBe('a');
  });
});
