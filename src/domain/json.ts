import { orElse } from './errors.js';

/** @returns the JSON object or array that `text` is, with its members unchecked; null for anything else */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  const value: unknown = orElse(() => JSON.parse(text), null);
  return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
}

/** The same object with its keys as `--json` prints them: `token_endpoint` for `tokenEndpoint`. */
export function snakeKeys(view: object): Readonly<Record<string, unknown>> {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(view).map(([name, value]) => [snake(name), value]));
}
