import { createRequire } from 'node:module';
import type { Theme } from './io.js';

const same = (text: string): string => text;

/** No colour at all: pipes, files, `NO_COLOR`, dumb terminals. */
export const plainTheme: Theme = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
  link: same,
  lightOnDark: same,
};

/**
 * Whether a stream may be coloured: a terminal that understands colour, or a user who wants colour in a pipe as well
 * (https://bixense.com/clicolors: `CLICOLOR_FORCE`), and no user who has opted out (https://no-color.org: `NO_COLOR` present
 * and not empty).
 */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env['NO_COLOR']) return false;
  if (env['CLICOLOR_FORCE'] && env['CLICOLOR_FORCE'] !== '0') return true;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** The styles for a stream, coloured or not. */
export function themeFor(...[stream, env]: Parameters<typeof wantsColour>): Theme {
  if (!wantsColour(stream, env)) return plainTheme;
  return showsLinks(stream, env) ? { ...colourTheme(), link: withLinks } : colourTheme();
}

/** Whether a terminal is known to show links (OSC 8); others may print the sequence. `FORCE_HYPERLINK` decides where it is set. */
function showsLinks(...[stream, env]: Parameters<typeof wantsColour>): boolean {
  if (stream.isTTY !== true || env['TERM'] === 'dumb') return false;
  const forced = env['FORCE_HYPERLINK'];
  if (forced) return forced !== '0';
  const known = ['iTerm.app', 'WezTerm', 'vscode', 'ghostty'].includes(env['TERM_PROGRAM'] ?? '');
  return known || Number(env['VTE_VERSION']) >= 5_000 || Boolean(env['WT_SESSION'] || env['KITTY_WINDOW_ID']);
}

/** The characters of a URL (RFC 3986 §2); what ends a sentence is not taken for its end. */
const URLS = /https?:\/\/[\w\-.~:/?#[\]@!$&()*+,;=%]*[\w\-~/#=&%]/g;

function withLinks(text: string): string {
  return text.replace(URLS, (url) => `\x1b]8;;${url}\x1b\\${url}\x1b]8;;\x1b\\`);
}

/** Whether a terminal shows characters beyond ASCII, by the locale (POSIX: the first of these that is set counts). */
export function showsUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return env['OS'] === 'Windows_NT' || /utf-?8/i.test(locale);
}

/**
 * Loads kleur, so it is called only where something is about to be coloured. It is required and not imported
 * because printing does not wait.
 */
function colourTheme(): Theme {
  const kleur = createRequire(import.meta.url)('kleur') as typeof import('kleur');
  // kleur decides by the process environment; the caller has decided already.
  kleur.enabled = true;
  return {
    bold: (text) => kleur.bold(text),
    dim: (text) => kleur.dim(text),
    red: (text) => kleur.red(text),
    green: (text) => kleur.green(text),
    yellow: (text) => kleur.yellow(text),
    cyan: (text) => kleur.cyan(text),
    link: same,
    lightOnDark: (text) => kleur.white().bgBlack(text),
  };
}
