import { describe, expect, it } from 'vitest';
import { startedAs } from '../../../src/domain/invocation.js';
import type { TextChange } from '../../../src/services/connect/edit.js';
import { edited, undone } from '../../../src/services/connect/edit.js';

const lines: TextChange = {
  kind: 'lines',
  file: '/f',
  lines: ['a', 'b'],
  comment: '#',
  unless: /^\[mine\]$/m,
};
const json: TextChange = {
  kind: 'json',
  file: '/f',
  path: ['helpers', 'ghcr.io'],
  value: 'vault',
  indent: '\t',
};
const section: TextChange = {
  kind: 'lines',
  file: '/f',
  lines: ['a = 1'],
  comment: '#',
  section: '[s]',
};
const script: TextChange = { kind: 'script', file: '/f', lines: ['#!/bin/sh', 'exec a'] };
const OWNER = 'tool work/me';

describe.each([
  ['lines', lines, ['', 'x\n', 'x\ny\n']],
  ['a section', section, ['', 'x\n', '[s]\nb = 1\n', '[r]\n\n[s] # mine\nb = 1\n[t]\n', 'x\n[s]\n']],
  ['a script', script, ['']],
  ['json', json, ['', '{\n\t"auths": {}\n}\n', '{\n\t"helpers": {\n\t\t"quay.io": "other"\n\t}\n}']],
] as const)('a change of %s', (_, change, texts) => {
  it.each(texts)('of %j is undone byte for byte', (text) => {
    const after = edited(change, text, OWNER);
    expect(after).not.toBe(text);
    expect(undone(change, after, OWNER)).toBe(text);
  });

  it.each(texts)('of %j changes nothing the second time', (text) => {
    const once = edited(change, text, OWNER);
    expect(edited(change, once, OWNER)).toBe(once);
  });
});

it.each([
  ['lines', lines],
  ['a section', section],
  ['a script', script],
])('%s name the program they were written by, and are undone by either name', (_, change) => {
  startedAs({ name: 'token-vault' });
  const after = edited(change, '', OWNER);
  startedAs({ name: 'vault' });
  expect(after).toContain('(undo: token-vault connect tool work/me --remove)\n');
  expect(undone(change, after, OWNER)).toBe('');
  expect(edited(change, after, OWNER)).toBe(edited(change, '', OWNER));
});

it('lines of two accounts are undone one by one', () => {
  const both = edited(lines, edited(lines, 'x\n', 'tool work/a'), 'tool work/b');
  expect(undone(lines, both, 'tool work/a')).toBe(edited(lines, 'x\n', 'tool work/b'));
});

it('lines of a section come first in the section that is there', () => {
  const text = edited(section, '[r]\n[s] # mine\nb = 1\n', OWNER);
  expect(text.replace(/^# .*\n/gm, '')).toBe('[r]\n[s] # mine\na = 1\nb = 1\n');
});

it('what was added beside the lines stays', () => {
  expect(undone(lines, `${edited(lines, 'x\n', OWNER)}y\n`, OWNER)).toBe('x\ny\n');
});

it.each([
  ['a section that is there already', lines, '[mine]\nx\n'],
  ['a value that is there already', json, '{"helpers": {"ghcr.io": "other"}}'],
  ['another program', script, '#!/bin/sh\n'],
  ['a file that is not JSON', json, '// {}'],
])('%s is left alone, and said', (_, change, text) => {
  expect(() => edited(change, text, OWNER)).toThrow(/not changed/);
});
