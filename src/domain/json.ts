import { orElse } from './errors.js';

/** @returns the JSON object or array that `text` is, with its members unchecked; null for anything else */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  const value: unknown = orElse(() => JSON.parse(text), null);
  return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
}
