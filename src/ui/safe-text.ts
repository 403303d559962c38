/**
 * What a terminal would act on or a person could not see: C0, DEL and C1 controls (escape sequences begin with
 * one), line and paragraph separators, characters that turn the direction of text (Trojan Source,
 * CVE-2021-42574), zero-width ones and the invisible tag characters.
 */
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The same without C0, which JSON escapes by itself. */
const HARMFUL_IN_JSON =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

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
