import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
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
