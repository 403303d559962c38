import { describe, expect, it } from 'vitest';
import { ACCOUNT_STATUSES, accountName } from '../../src/domain/account.js';
import { checkLabel, labelOf } from '../../src/domain/label.js';

describe('an account', () => {
  it('is called provider/label', () => {
    expect(accountName({ provider: 'google', label: 'alice@example.com' })).toBe('google/alice@example.com');
  });

  it('is in one of five states', () => {
    expect(ACCOUNT_STATUSES).toEqual(['active', 'insufficient_scope', 'login_needed', 'failing', 'revoked']);
  });
});

const identity = (given: { email?: string; name?: string; subject?: string }) => ({
  subject: given.subject ?? 'subject-1',
  email: given.email ?? null,
  name: given.name ?? null,
  details: {},
});

describe('a label chosen by the user', () => {
  it.each(['work', 'alice@example.com', 'büro', '工作', 'a', '👩', 'x'.repeat(100), '😀'.repeat(100)])(
    'may be %j',
    (text) => {
      expect(checkLabel(text)).toBe(text);
    },
  );

  it.each([
    ['nothing', ''],
    ['a space', 'my work'],
    ['a slash', 'google/work'],
    ['a line break', 'work\n'],
    ['an escape', 'a\u001b[2J'],
    ['a mark that turns the direction of text', 'a\u202eb'],
    ['half a character', 'a\ud83d'],
    ['more than a hundred characters', 'x'.repeat(101)],
  ])('may not contain %s', (_, text) => {
    expect(() => checkLabel(text)).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'for example: --as work' }),
    );
  });
});

describe('the default label of an account', () => {
  it.each([
    ['the address', { email: 'alice@example.com', name: 'Alice' }, 'alice@example.com'],
    ['else the name', { name: 'Alice Example' }, 'Alice-Example'],
    ['else the subject', { subject: '1234' }, '1234'],
    ['the name, where the address is empty', { email: ' ', name: 'Alice' }, 'Alice'],
    ['a word of its own, where nothing is left', { subject: '///' }, 'account'],
  ])('is %s', (_, given, label) => {
    expect(labelOf(identity(given))).toBe(label);
  });

  it.each([
    ['a/b\tc', 'a-b-c'],
    ['\u001b]0;title\u0007Alice', ']0;title-Alice'],
    ['--help', 'help'],
    ['  Alice  ', 'Alice'],
    ['Alice\u202e', 'Alice'],
  ])('turns the name %j into something that can be typed', (name, label) => {
    expect(labelOf(identity({ name }))).toBe(label);
  });

  it('is a valid choice for --as, whatever the name contains', () => {
    for (const name of ['😀'.repeat(300), `${'x'.repeat(99)}😀`, `${'x'.repeat(99)} y`, '\ud83d'.repeat(9)]) {
      const label = labelOf(identity({ name }));
      expect(checkLabel(label)).toBe(label);
    }
  });
});
