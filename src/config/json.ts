import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';

/**
 * Reads the text of `config.json`. What a JSON parser says quotes the text it stumbled over, which may be a
 * secret; only the place is told.
 *
 * @param file how the file is called in errors
 * @throws VaultError `config_invalid`
 */
export function parseConfigJson(text: string, file: string): Readonly<Record<string, unknown>> {
  const value = parse(text.replace(/^\uFEFF/, ''), file);
  if (isObject(value)) return value;
  throw new VaultError('config_invalid', `${file} does not hold a JSON object`, {
    hint: `let ${quoted(file)} begin with { and end with }`,
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw new VaultError('config_invalid', `${file} is not valid JSON${placeOf(failure, text)}`, {
      hint: `correct ${quoted(file)}; JSON knows no comments and no comma after the last entry`,
    });
  }
}

/** V8 gives the position for some mistakes and not for others. */
function placeOf(failure: unknown, text: string): string {
  const position = /at position (\d+)/.exec(failure instanceof Error ? failure.message : '')?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return `, at line ${before.length}`;
}
