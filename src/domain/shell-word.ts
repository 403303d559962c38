import { HARMFUL } from './harmful.js';

/** A word as a shell takes it: plain ones are left alone, anything that it would act on goes between quotes. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : inQuotes(word);
}

/**
 * The word between single quotes, always on one line. One that holds a line break, or what else no terminal should get to
 * see, is written with escapes, as bash and zsh read them: `$'one\x0atwo'`.
 */
export function inQuotes(word: string): string {
  const shown = word.replace(/[\\']/g, '\\$&').replace(HARMFUL, escaped);
  return word.search(HARMFUL) === -1 ? `'${word.replaceAll("'", "'\\''")}'` : `$'${shown}'`;
}

/** Beyond ASCII by the character and not by its bytes, which differ from locale to locale. */
function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\U${code.toString(16).padStart(8, '0')}`;
}
