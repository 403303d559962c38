import { jsonObject } from '../domain/json.js';
import type { HttpAnswer } from '../system/contract.js';

export type Members = Readonly<Record<string, unknown>>;

/** A form answer begins with a name and an equals sign, unlike HTML, XML and plain text. */
const FORM = /^[A-Za-z][\w.-]*=[^\s<]*$/;

/**
 * Parses an answer as one object, by its content and not its content type: providers send JSON as text/html, with a byte
 * order mark or leading white space, and form bodies (GitHub, Facebook). The last of repeated members counts.
 *
 * @returns null for anything else: an error page, an empty or truncated body. The parser's message quotes the body and is
 *   dropped.
 */
export function parseMembers(answer: Pick<HttpAnswer, 'body'>): Members | null {
  if (!isForm(answer)) return parseJsonMembers(answer);
  return copied(Object.fromEntries(new URLSearchParams(bare(answer))));
}

/** @returns null for anything but one JSON object, which marks its own end */
export function parseJsonMembers(answer: Pick<HttpAnswer, 'body'>): Members | null {
  const text = bare(answer);
  const parsed = text.startsWith('{') ? jsonObject(text) : null;
  return parsed === null ? null : copied(parsed);
}

/** Whether an answer looks like a form, which may be cut off unnoticed. */
export function isForm(answer: Pick<HttpAnswer, 'body'>): boolean {
  return FORM.test(bare(answer));
}

function bare({ body }: Pick<HttpAnswer, 'body'>): string {
  return body.replace(/^\uFEFF/, '').trim();
}

/** The value of an own member, not an inherited one. */
export function member(holder: unknown, name: string): unknown {
  return isObject(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Without a prototype, and without `__proto__`, which a later copy would turn into one. */
function copied(members: Members): Members {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(members)) {
    if (name !== '__proto__') copy[name] = value;
  }
  return copy;
}
