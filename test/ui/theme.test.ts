import { describe, expect, it } from 'vitest';
import { themeFor, wantsColour } from '../../src/ui/theme.js';

const terminal = { isTTY: true };
const pipe = { isTTY: false };

describe('colour', () => {
  it.each([
    ['a terminal has it', terminal, {}, true],
    ['a pipe does not', pipe, {}, false],
    ['a dumb terminal does not', terminal, { TERM: 'dumb' }, false],
    ['NO_COLOR switches it off', terminal, { NO_COLOR: '1' }, false],
    ['CLICOLOR_FORCE switches it on in a pipe', pipe, { CLICOLOR_FORCE: '1' }, true],
    ['CLICOLOR_FORCE=0 does not', pipe, { CLICOLOR_FORCE: '0' }, false],
    ['NO_COLOR counts more', terminal, { NO_COLOR: '1', CLICOLOR_FORCE: '1' }, false],
  ])('%s', (_, stream, env, expected) => {
    expect(wantsColour(stream, env)).toBe(expected);
  });
});

describe('links', () => {
  const LINKED = 'see \x1b]8;;https://a.example/b\x1b\\https://a.example/b\x1b]8;;\x1b\\.';
  const linked = (stream: { isTTY: boolean }, env: Record<string, string>) =>
    themeFor(stream, env).link('see https://a.example/b.') === LINKED;

  it.each([
    { VTE_VERSION: '5202' },
    { TERM_PROGRAM: 'iTerm.app' },
    { TERM_PROGRAM: 'ghostty' },
    { WT_SESSION: 'id-example' },
    { KITTY_WINDOW_ID: '1' },
    { FORCE_HYPERLINK: '1' },
  ])('are made where the terminal shows them: %j', (env) => {
    expect(linked(terminal, env as unknown as Record<string, string>)).toBe(true);
  });

  it.each([
    [terminal, {}],
    [terminal, { VTE_VERSION: '4900' }],
    [terminal, { KITTY_WINDOW_ID: '1', FORCE_HYPERLINK: '0' }],
    [terminal, { KITTY_WINDOW_ID: '1', NO_COLOR: '1' }],
    [terminal, { KITTY_WINDOW_ID: '1', TERM: 'dumb' }],
    [pipe, { KITTY_WINDOW_ID: '1' }],
    [pipe, { FORCE_HYPERLINK: '1', CLICOLOR_FORCE: '1' }],
  ])('are not made elsewhere: %j, %j', (stream, env) => {
    expect(linked(stream, env as unknown as Record<string, string>)).toBe(false);
  });
});
