import { errorDocument } from '../domain/error-forms.js';
import type { VaultError } from '../domain/errors.js';
import { programName } from '../domain/invocation.js';
import { harmless, harmlessJson } from '../domain/safe-text.js';
import type { Theme } from './io.js';
import { wrapMessage } from './layout.js';

interface ErrorViewOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Styles for stderr. */
  readonly theme: Theme;
  /** Columns of stderr; none or Infinity where it is no terminal or does not know its size. */
  readonly width: number | undefined;
}

interface ErrorView {
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Deeper causes do not help to find a bug. */
const MAX_CAUSES = 4;

/**
 * The one place where an error becomes text. As text: what happened, then `hint:` with the next step, on stderr. With
 * `--json`: one document on stdout, and nothing on stderr unless `--verbose`.
 */
export function renderError(error: VaultError, options: ErrorViewOptions): ErrorView {
  const { json, verbose, theme, width } = options;
  const trace = verbose ? traceOf(error) : '';
  const words = `${forPeople(error, theme, width || Infinity)}${trace}`;
  if (!json) return { stderr: words };
  const stdout = `${harmlessJson(JSON.stringify({ error: errorDocument(error) }))}\n`;
  return verbose ? { stdout, stderr: words } : { stdout };
}

function forPeople(error: VaultError, theme: Theme, width: number): string {
  const hints = error.hint?.split('\n') ?? [];
  // A name in the message may hold a line break, and must not fake a line of this program.
  const prefix = `${programName()}:`;
  const what = wrapMessage(`${prefix} ${harmless(error.message)}`, width).join('\n');
  const steps = hints.map((hint) => wrapMessage(`hint: ${harmless(hint)}`, width).join('\n'));
  const lines = [
    what.replace(prefix, theme.red(prefix)),
    ...steps.map((step) => step.replace('hint:', theme.cyan('hint:'))),
  ];
  return `${theme.link(lines.join('\n'))}\n`;
}

/**
 * Where a failure came from: kinds, system codes and stack frames of its causes. Messages stay out, because those of parsers
 * and HTTP libraries quote their input.
 */
function traceOf(error: VaultError): string {
  const lines: string[] = [];
  let cause: unknown = error.cause;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth += 1, cause = cause.cause) {
    const frames = (cause.stack ?? '').replace(cause.message, '').split('\n').filter(isFrame);
    lines.push(`caused by: ${cause.name}${systemCode(cause)}`, ...frames);
  }
  return lines.map((line) => `${harmless(line)}\n`).join('');
}

function isFrame(line: string): boolean {
  return /^ {4}at \S.*(?:\(|:\d+:\d+\)?$)/.test(line);
}

function systemCode(cause: Error): string {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? ` ${code}` : '';
}
