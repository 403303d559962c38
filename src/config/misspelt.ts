import { closest } from '../domain/closest.js';
import { clientVariables, isClientSetting, PLACE_VARIABLES } from '../domain/environment.js';

/** A variable of `.env` that nothing reads. */
export interface MisspeltVariable {
  readonly name: string;
  /** The variable it resembles; null if it has the form of a client's variable, but no provider has that name. */
  readonly meant: string | null;
}

/**
 * The variables of `.env` that are probably misspelt. Other unknown variables may belong to another program.
 *
 * @param set the names that `.env` sets
 */
export function misspeltVariables(
  set: readonly string[],
  providers: readonly string[],
): readonly MisspeltVariable[] {
  const clients = providers.flatMap((name) => Object.values(clientVariables(name)));
  const known = [...clients, ...PLACE_VARIABLES, 'OAUTH_REDIRECT_URI'];
  return set
    .filter((name) => !known.includes(name))
    .map((name) => ({ name, meant: closest(name, known) }))
    .filter(({ name, meant }) => meant !== null || isClientSetting(name));
}
