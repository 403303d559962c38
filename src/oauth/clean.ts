import type { Secret } from '../domain/secret.js';

/** CSI, OSC (ended by BEL or ST) and the two-character escapes of ECMA-48. */
const TERMINAL_SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
/** C0, DEL, C1, line and paragraph separators; then invisible and bidirectional characters. */
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const INVISIBLE = /[\p{Cf}\p{Co}\p{Cs}]/gu;

const URLS = /\b(https?:\/\/[^\s/?#"'<>@]+)[^\s"'<>]*/gi;
const ADDRESSES = /[^\s<>()[\]"',;:=]+@[^\s<>()[\]"',;:=]+/g;
/** Possible tokens, codes and keys: long, and unlike words. */
const LONG_RUNS = /[A-Za-z0-9_~+/=.|%-]{20,}/g;
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.?$/i;
const LONGEST_WORD = 48;

/**
 * Makes a provider's text safe to print and log: without control characters, terminal sequences and bidirectional marks;
 * addresses and possible tokens redacted; one line; at most `max` characters. Trace ids (GUIDs) stay for the provider's
 * support. Nothing of a text is shown that contains a secret of a few characters.
 *
 * @param sent secrets of this request, which a provider may echo
 * @returns null when nothing is left or the value is not a string
 */
export function cleanText(text: unknown, max = 200, sent: readonly Secret[] = []): string | null {
  if (typeof text !== 'string') return null;
  const said = harmless(text);
  // To cut a short one out would garble words, and show which letters it has.
  if (sent.some((secret) => isShort(secret) && said.includes(secret.reveal()))) return REDACTED;
  const plain = withoutSecrets(said, sent)
    .replace(URLS, '$1')
    .replace(ADDRESSES, '[address]')
    .replace(LONG_RUNS, (run) => (looksLikeToken(run) ? REDACTED : run));
  return shortened(plain, max);
}

/** As {@link cleanText} without redaction, for names and addresses. */
export function printable(text: unknown, max = 200): string | null {
  return typeof text === 'string' ? shortened(harmless(text), max) : null;
}

function harmless(text: string): string {
  // Cut first, to bound the cost of the patterns below.
  const beginning = text.slice(0, 4_000);
  return beginning.replace(TERMINAL_SEQUENCES, ' ').replace(CONTROLS, ' ').replace(INVISIBLE, '');
}

const REDACTED = '[redacted]';

/** A shorter part of a secret may be an ordinary word, so it is not redacted. */
const TELLING = 8;

/** A text that contains a shorter secret is redacted as a whole. */
function isShort(secret: Secret): boolean {
  return secret.length > 0 && secret.length < TELLING;
}

/** Redacts secrets and all parts of them: an echo may be cut or altered. */
function withoutSecrets(text: string, sent: readonly Secret[]): string {
  return sent.reduce((rest, secret) => withoutParts(rest, secret.reveal()), text);
}

function withoutParts(text: string, secret: string): string {
  let clean = '';
  for (let at = 0; at < text.length; ) {
    let end = at;
    if (secret.includes(text.slice(at, at + TELLING)) && at + TELLING <= text.length) {
      end = at + TELLING;
      while (end < text.length && secret.includes(text.slice(at, end + 1))) end += 1;
    }
    clean += end > at ? REDACTED : text.charAt(at);
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
