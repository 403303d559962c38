import type { Secret } from '../domain/secret.js';

/** CSI, OSC (ended by BEL or ST) and the two-character escapes of ECMA-48. */
const TERMINAL_SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
/** C0, DEL, C1, line and paragraph separators; then what is invisible or turns the direction of text. */
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const INVISIBLE = /[\p{Cf}\p{Co}\p{Cs}]/gu;

const URLS = /\b(https?:\/\/[^\s/?#"'<>@]+)[^\s"'<>]*/gi;
const ADDRESSES = /[^\s<>()[\]"',;:=]+@[^\s<>()[\]"',;:=]+/g;
/** What could be a token, a code or a key by its looks: long, and unlike words. */
const LONG_RUNS = /[A-Za-z0-9_~+/=.|%-]{20,}/g;
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.?$/i;
const LONGEST_WORD = 48;

/**
 * Makes a text from a provider fit to be shown and logged: no control characters, no terminal sequences, no marks
 * that turn the direction of text; addresses and whatever looks like a token redacted; one line; at most `max`
 * characters. Trace ids (GUIDs) stay, because support asks for them.
 *
 * @param sent secrets of this very request, which a provider may echo in any shape
 * @returns null when nothing is left or the value is no text
 */
export function cleanText(text: unknown, max = 200, sent: readonly Secret[] = []): string | null {
  if (typeof text !== 'string') return null;
  const plain = withoutSecrets(harmless(text), sent)
    .replace(URLS, '$1')
    .replace(ADDRESSES, '[address]')
    .replace(LONG_RUNS, (run) => (looksLikeToken(run) ? '[redacted]' : run));
  return shortened(plain, max);
}

/**
 * The same without redaction, for a name or an address that is meant to be shown.
 *
 * @returns null when nothing is left or the value is no text
 */
export function printable(text: unknown, max = 200): string | null {
  return typeof text === 'string' ? shortened(harmless(text), max) : null;
}

function harmless(text: string): string {
  // Cut first: the patterns below must not be fed a megabyte.
  const beginning = text.slice(0, 4_000);
  return beginning.replace(TERMINAL_SEQUENCES, ' ').replace(CONTROLS, ' ').replace(INVISIBLE, '');
}

/** So much of a secret in a row tells too much of it; less may be a word. */
const TELLING = 8;

/** Takes out secrets and every part of one: an echo may come cut short, or with a character changed. */
function withoutSecrets(text: string, sent: readonly Secret[]): string {
  return sent.reduce((rest, secret) => withoutParts(rest, secret.reveal()), text);
}

function withoutParts(text: string, secret: string): string {
  const least = Math.min(TELLING, secret.length);
  let clean = '';
  for (let at = 0; at < text.length; ) {
    let end = at;
    if (least > 0 && secret.includes(text.slice(at, at + least)) && at + least <= text.length) {
      end = at + least;
      while (end < text.length && secret.includes(text.slice(at, end + 1))) end += 1;
    }
    clean += end > at ? '[redacted]' : text.charAt(at);
    at = Math.max(end, at + 1);
  }
  return clean;
}

function looksLikeToken(run: string): boolean {
  return !GUID.test(run) && (/\d/.test(run) || run.length > LONGEST_WORD);
}

function shortened(text: string, max: number): string | null {
  const characters = [...text.replace(/\s+/g, ' ').trim()];
  if (characters.length === 0) return null;
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : characters.join('');
}
