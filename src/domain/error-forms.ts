import { type ErrorParts, VaultError } from './errors.js';

/** The error in `--json` documents; `details` is present where there are any. */
export function errorDocument({ code, message, hint, exitCode, details }: VaultError) {
  const document = { code, message, hint: hint ?? null, exit_code: exitCode };
  return Object.keys(details).length === 0 ? document : { ...document, details };
}

/** The same failure with another message, hint or cause. */
export function reworded(
  failure: VaultError,
  change: ErrorParts & { readonly message?: string },
): VaultError {
  const { code, message, hint, details, cause } = failure;
  return new VaultError(code, change.message ?? message, { hint, details, cause, ...change });
}

/** The same failure with more lines in its hint. */
export function withMoreHints(failure: VaultError, more: readonly string[]): VaultError {
  return reworded(failure, { hint: [failure.hint ?? [], more].flat().join('\n') || undefined });
}

/** Wraps a foreign failure: its own message may quote a secret and is not printed. */
export function asVaultError(failure: unknown): VaultError {
  if (failure instanceof VaultError) return failure;
  // Node's name of the call that finds the current folder, made for every relative path.
  if (failure instanceof Error && (failure as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    return new VaultError('usage', 'the current folder was deleted, so relative paths do not work', {
      hint: 'change to another folder and run the command again: cd',
      cause: failure,
    });
  }
  return new VaultError('unexpected', 'unexpected error in this program', {
    hint: 'run it again with --verbose and report what it prints',
    cause: failure,
  });
}
