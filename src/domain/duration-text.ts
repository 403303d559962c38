import { DAY, HOUR, MINUTE, SECOND } from './duration.js';
import { VaultError } from './errors.js';

const UNITS = { s: SECOND, m: MINUTE, h: HOUR, d: DAY } as const;
const PATTERN = /^(\d{1,9})(s|m|h|d)$/;

/**
 * Reads `90s`, `5m`, `12h` or `7d`.
 *
 * @returns milliseconds
 * @throws VaultError `usage` when the text is anything else
 */
export function parseDuration(text: string, option: string): number {
  const match = PATTERN.exec(text.trim());
  if (!match) {
    throw new VaultError('usage', `${option} takes a duration such as 90s, 5m, 12h or 7d`);
  }
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/**
 * Reads a whole number of days, as `--days 7` does; `7d` and `12h` are understood as well.
 *
 * @returns milliseconds
 * @throws VaultError `usage`
 */
export function parseDays(text: string, option: string): number {
  const trimmed = text.trim();
  if (/^\d{1,6}$/.test(trimmed)) return Number(trimmed) * DAY;
  if (PATTERN.test(trimmed)) return parseDuration(trimmed, option);
  throw new VaultError('usage', `${option} takes a number of days such as 7, or a duration such as 12h`);
}

/** Formats a duration: `42s`, `5m`, `3h 20m`, `6d 4h`. Rounds down, never below `0s`. */
export function formatDuration(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / SECOND));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3_600);
  const minutes = Math.floor((whole % 3_600) / 60);
  if (days > 0) return hours > 0 ? `${days}d ${hours}h` : `${days}d`;
  if (hours > 0) return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`;
  if (minutes > 0) return `${minutes}m`;
  return `${whole}s`;
}
