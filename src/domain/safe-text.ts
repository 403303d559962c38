/**
 * Characters that a terminal obeys or a reader cannot see: controls (escape sequences begin with one), line and
 * paragraph separators, characters that turn the direction of text (Trojan Source, CVE-2021-42574), halves of
 * surrogate pairs, and what Unicode calls ignorable: zero-width characters, fillers, invisible tags. The two
 * variation selectors of emoji are ordinary text.
 */
const HARMFUL = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Without C0, which JSON escapes itself. */
const HARMFUL_IN_JSON = new RegExp(`(?![\\u0000-\\u001f])${HARMFUL.source}`, 'gu');

const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Makes text of unknown origin safe to print as one line: each harmful character becomes a visible escape such
 * as `\x1b` or `\u202e`.
 */
export function harmless(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HARMFUL, visible);
}

/** Colours and other styles (ECMA-48 §8.3.117). */
const STYLE = /(\x1b\[[\d;]*m)/;

/** The same for text that this program has styled: its styles stay. */
export function harmlessStyled(text: string): string {
  const parts = text.split(STYLE);
  return parts.map((part, index) => (index % 2 === 0 ? harmless(part) : part)).join('');
}

export function withoutStyles(text: string): string {
  return text
    .split(STYLE)
    .filter((_, index) => index % 2 === 0)
    .join('');
}

/** Replaces harmful characters in JSON text by their `\u` escapes: the same document, safe on a terminal. */
export function harmlessJson(json: string): string {
  // JSON has no other ASCII character in it that would be replaced.
  return Buffer.byteLength(json) === json.length && !json.includes('\x7f')
    ? json
    : json.replace(HARMFUL_IN_JSON, (found) => found.split('').map(unicodeEscape).join(''));
}

/** One argument of a shell command, quoted only where a shell would act on it. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : inQuotes(word);
}

/**
 * The argument in single quotes, on one line. Harmful characters are escaped in the form that bash and zsh read:
 * `$'one\x0atwo'`.
 */
export function inQuotes(word: string): string {
  if (word.search(HARMFUL) === -1) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${word.replace(/[\\']/g, '\\$&').replace(HARMFUL, shellEscape)}'`;
}

function visible(character: string): string {
  const code = codeOf(character);
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? unicodeEscape(character) : `\\u{${hex(code, 0)}}`;
}

/** Beyond ASCII by the character and not by its bytes, which depend on the locale. */
function shellEscape(character: string): string {
  const code = codeOf(character);
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? unicodeEscape(character) : `\\U${hex(code, 8)}`;
}

function unicodeEscape(unit: string): string {
  return `\\u${hex(unit.charCodeAt(0), 4)}`;
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
