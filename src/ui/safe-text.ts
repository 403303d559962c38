import { HARMFUL } from '../domain/harmful.js';

/** The same without C0, which JSON escapes by itself. */
const HARMFUL_IN_JSON = new RegExp(`(?![\\u0000-\\u001f])${HARMFUL.source}`, 'gu');

const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Makes text of unknown origin safe to print as one line: each harmful character becomes a visible escape such
 * as `\x1b` or `\u202e`. Everything else stays as it is.
 */
export function harmless(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HARMFUL, visible);
}

/** Replaces harmful characters in JSON text by their `\u` escapes: the same document, safe on a terminal. */
export function harmlessJson(json: string): string {
  return PLAIN.test(json)
    ? json
    : json.replace(HARMFUL_IN_JSON, (found) => found.split('').map(unicodeEscape).join(''));
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? unicodeEscape(character) : `\\u{${code.toString(16)}}`;
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
