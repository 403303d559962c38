import { VaultError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import type { ClientFacts, ProviderSettings } from '../providers/contract.js';

/** What examples and templates put where a real value belongs. */
const PLACEHOLDER =
  /^(?:<.*>|\.{3}|…|x{3,}(?:[-_.]x+)*|your[-_ ].*|(?:change|replace)[-_ ]?me|(?:insert|paste|put|replace)[-_ ].*here|todo)(?:\.apps\.googleusercontent\.com)?$/i;

export type Lookup = (variable: string) => string | undefined;

/** A setting without which a login cannot start, and where it would be read from. */
export interface MissingSetting {
  readonly variable: string;
  /** `not set`, or that it still holds a placeholder. */
  readonly why: string;
  /** What goes there, in words, for the line to write. */
  readonly what: 'client id' | 'client secret';
}

export interface Credentials {
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
  readonly missing: readonly MissingSetting[];
}

/**
 * Finds client id and client secret: variables first, then `config.json`. The secret is taken from the variable
 * that belongs to the one the id came from, since the secret of another client would only be refused.
 */
export function findCredentials(
  client: ClientFacts,
  settings: ProviderSettings,
  lookup: Lookup,
): Credentials {
  const isSet = (value: string | undefined): value is string =>
    value !== undefined && value !== client.idExample && !PLACEHOLDER.test(value);
  const from = client.idVariables.findIndex((variable) => isSet(lookup(variable)));
  const named = client.idVariables[from];
  const configured = isSet(settings.clientId) ? settings.clientId : null;
  const clientId = named === undefined ? configured : (lookup(named) ?? null);
  const paired = named === undefined ? client.secretVariables : client.secretVariables.slice(from, from + 1);
  const secret = paired.map(lookup).find(isSet);
  const clientSecret =
    client.secret === 'forbidden'
      ? null
      : secret === undefined
        ? configuredSecret(settings)
        : new Secret(secret);

  const missing = (what: MissingSetting['what'], variables: readonly string[]): MissingSetting => {
    const held = variables.find((variable) => lookup(variable) !== undefined);
    const why = held === undefined ? 'is not set' : 'still holds a placeholder';
    return { variable: held ?? variables[0] ?? what, why, what };
  };
  const needsSecret = client.secret === 'required' && clientSecret === null;
  return {
    clientId,
    clientSecret,
    missing: [
      ...(clientId === null ? [missing('client id', client.idVariables)] : []),
      ...(needsSecret ? [missing('client secret', paired)] : []),
    ],
  };
}

function configuredSecret(settings: ProviderSettings): Secret | null {
  const secret = settings.clientSecret ?? null;
  return secret === null || PLACEHOLDER.test(secret.reveal()) ? null : secret;
}

/**
 * Tells early what the provider would only tell after a whole login. The value stays unsaid: people also paste the
 * secret where the id belongs.
 *
 * @returns null when the id looks as it should
 */
export function wrongClientId(title: string, client: ClientFacts, clientId: string): VaultError | null {
  if (client.idPattern === null || new RegExp(`^(?:${client.idPattern})$`).test(clientId)) return null;
  const where = client.idVariables.join(' or ');
  return new VaultError(
    'config_invalid',
    `the client id set for ${title} (${where}) does not look like one of ${title}`,
    {
      hint: `it has the form ${client.idExample}; copy it again from ${client.registrationUrl}`,
    },
  );
}
