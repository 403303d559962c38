import { jsonObject } from '../domain/json.js';
import type { HttpAnswer } from '../system/contract.js';

export type Members = Readonly<Record<string, unknown>>;

/** A form answer begins with a name and an equals sign; HTML, XML and plain sentences do not. */
const FORM = /^[A-Za-z][\w.-]*=[^\s<]*$/;

/**
 * Reads an answer as one object, by its looks and not by its content type: JSON served as text/html, with a byte
 * order mark or leading white space, and form bodies (GitHub, Facebook) are all in use. Of a member that is given
 * twice the last counts, in JSON as in a form.
 *
 * @returns null for everything else: an error page, an empty or a truncated body. The parser's own message quotes
 *   the body and therefore goes nowhere.
 */
export function parseMembers(answer: Pick<HttpAnswer, 'body'>): Members | null {
  if (!isForm(answer)) return parseJsonMembers(answer);
  return copied(Object.fromEntries(new URLSearchParams(bare(answer))));
}

/** Reads an answer as one JSON object, which says itself where it ends. @returns null for everything else */
export function parseJsonMembers(answer: Pick<HttpAnswer, 'body'>): Members | null {
  const text = bare(answer);
  const parsed = text.startsWith('{') ? jsonObject(text) : null;
  return parsed === null ? null : copied(parsed);
}

/** Whether an answer looks like a form, which can be cut off anywhere without anybody noticing. */
export function isForm(answer: Pick<HttpAnswer, 'body'>): boolean {
  return FORM.test(bare(answer));
}

function bare({ body }: Pick<HttpAnswer, 'body'>): string {
  return body.replace(/^\uFEFF/, '').trim();
}

/** The value of an own member; what an object inherits is none. */
export function member(holder: unknown, name: string): unknown {
  return isObject(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Without a prototype, and without `__proto__`, which would become one when somebody copies the members. */
function copied(members: Members): Members {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(members)) {
    if (name !== '__proto__') copy[name] = value;
  }
  return copy;
}
