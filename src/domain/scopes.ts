/** Printable ASCII without a space, wider than RFC 6749 §3.3 by the quote and backslash some providers use. */
const SCOPE = /^[\x21-\x7e]+$/;

/**
 * Reads a `scope` member as token endpoints really send it: separated by spaces or commas (GitHub, Slack), an array
 * (Twitch), with double spaces and duplicates.
 *
 * @returns null when the answer does not say, which means "as requested" (RFC 6749 §5.1); an empty list when it grants none
 */
export function parseScopes(value: unknown): string[] | null {
  if (typeof value === 'string') return unique(value.split(/[\s,]+/).filter((scope) => SCOPE.test(scope)));
  if (!Array.isArray(value)) return null;
  return unique(
    value.flatMap((entry: unknown) => (typeof entry === 'string' ? (parseScopes(entry) ?? []) : [])),
  );
}

/**
 * The granted scopes in the words of the request, so that asked and granted can be compared by name.
 *
 * @param answered what the provider said, null when it said nothing
 * @param facts `scopeAliases`: asked name → the name the provider answers for it; `scopesNotEchoed`: granted though
 *   the provider leaves them out of its answer
 * @returns the asked scopes that were granted, in the order of the request, then whatever was granted besides
 */
export function canonicalScopes(
  asked: readonly string[],
  answered: readonly string[] | null,
  facts: {
    readonly scopeAliases: Readonly<Record<string, string>>;
    readonly scopesNotEchoed: readonly string[];
  },
): string[] {
  if (answered === null) return unique(asked);
  const said = new Set(answered);
  const aliasOf = (scope: string) =>
    Object.hasOwn(facts.scopeAliases, scope) ? facts.scopeAliases[scope] : undefined;
  const granted = asked.filter((scope) => {
    const alias = aliasOf(scope);
    return (
      said.has(scope) || (alias !== undefined && said.has(alias)) || facts.scopesNotEchoed.includes(scope)
    );
  });
  const accountedFor = new Set(granted.flatMap((scope) => [scope, aliasOf(scope) ?? scope]));
  return unique([...granted, ...answered.filter((scope) => !accountedFor.has(scope))]);
}

/** The asked scopes that were not granted; both lists in the words of the request. */
export function missingScopes(asked: readonly string[], granted: readonly string[]): string[] {
  return unique(asked.filter((scope) => !granted.includes(scope)));
}

/** Longer than what any provider documents: too long to read or type. */
const LONGEST_SHOWN = 120;

/** Whether a scope is short enough for a command that a user types. */
export function isReadable(scope: string): boolean {
  return scope.length <= LONGEST_SHOWN;
}

/** A scope, or a text with scopes in it, for display: a scope that is too long ends in `…`. */
export function readable(text: string): string {
  return text.replace(/\S+/g, (word) => (isReadable(word) ? word : `${word.slice(0, LONGEST_SHOWN - 1)}…`));
}

function unique(scopes: readonly string[]): string[] {
  return [...new Set(scopes)];
}
