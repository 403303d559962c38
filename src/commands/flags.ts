import type { OptionSpec } from './contract.js';

/** An option's flags taken apart. */
export interface Flag {
  /** The name its value has in {@link import('./contract.js').RawInput}: `minValid` for `--min-valid`, `browser` for `--no-browser`. */
  readonly key: string;
  readonly long: string;
  readonly short: string | null;
  readonly takesValue: boolean;
  /** Written `--no-…`: true unless it is given. */
  readonly negated: boolean;
  readonly repeatable: boolean;
}

/** Reads flags as commander writes them: `--min-valid <duration>`, `--no-browser`, `-y, --yes`. */
export function readFlag(spec: OptionSpec): Flag {
  const words = spec.flags.split(/[ ,]+/);
  const long = words.find((word) => word.startsWith('--')) ?? '';
  const short = words.find((word) => /^-[a-zA-Z]$/.test(word)) ?? null;
  const negated = long.startsWith('--no-');
  return {
    key: optionKey(long),
    long,
    short,
    takesValue: words.some((word) => word.startsWith('<')),
    negated,
    repeatable: spec.repeatable === true,
  };
}

/** @param long for example `--min-valid` */
export function optionKey(long: string): string {
  const name = long.replace(/^--(?:no-)?/, '');
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
