import { randomId } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { AuditEvent } from '../domain/audit-events.js';
import type { RegisteredClient } from '../domain/registered-client.js';
import { Secret } from '../domain/secret.js';
import type { SealedClient, Store } from '../stores/contract.js';
import { isDamage } from './damage.js';
import type { Keyring } from './keyring.js';
import type { KeyringAccess } from './keyring-access.js';
import { FORMAT } from './master-key.js';
import { lineOf, type VaultEvents } from './queued-events.js';

/** What a server issued with a registration. Missing ones are null. */
export interface ClientSecrets {
  readonly clientSecret: Secret | null;
  /** Manages the registration at {@link ClientSecrets.registrationUri} (RFC 7592). */
  readonly registrationToken: Secret | null;
  readonly registrationUri: string | null;
}

export interface OpenClient extends RegisteredClient, ClientSecrets {}

/** The clients that this program registered, at most one at each issuer. */
export interface RegisteredClients {
  /** Reads without a key. */
  all(): Promise<readonly RegisteredClient[]>;
  /** @throws VaultError `vault_damaged`, `vault_newer` */
  at(issuer: string): Promise<OpenClient | null>;
  /** Replaces the client that is registered at the same issuer. */
  keep(client: Omit<OpenClient, 'id' | 'refusedAt'>, event: AuditEvent): Promise<OpenClient>;
  refused(client: RegisteredClient, at: number): Promise<void>;
  /** @returns false when it was already gone */
  forget(client: RegisteredClient, event: AuditEvent): Promise<boolean>;
}

export interface RegisteredClientsParts {
  readonly store: Store;
  readonly access: KeyringAccess;
  readonly events: VaultEvents | undefined;
}

export function registeredClients({ store, access, events }: RegisteredClientsParts): RegisteredClients {
  const { using } = access;
  const found = async (issuer: string) =>
    (await store.clients.all()).find((client) => client.issuer === issuer) ?? null;
  return {
    all: async () => (await store.clients.all()).map(({ sealed: _, ...client }) => client),

    // Read again if the keys were stale, because it was resealed with them.
    at: (issuer) =>
      using(async (keys) => {
        const client = await found(issuer);
        return client === null ? null : openClient(keys, client);
      }),

    keep: (client, event) =>
      using(async (keys, guard) => {
        const { clientSecret, registrationToken, registrationUri, ...facts } = client;
        const kept = { ...facts, id: randomId(), refusedAt: null };
        const secrets = { clientSecret, registrationToken, registrationUri };
        const row = { ...kept, sealed: seal(keys, kept, secrets) };
        await (await guard()).record((step) => store.clients.put(row, step), lineOf(events, event));
        return { ...kept, ...secrets };
      }),

    refused: ({ id }, at) => store.clients.refused(id, at),

    forget: ({ id }, event) =>
      using(async (_, guard) =>
        (await guard()).record((step) => store.clients.remove(id, step), lineOf(events, event)),
      ),
  };
}

/** Reseals those of these ids that are registered clients. One that does not open is left as it is. */
export async function resealClients(
  keys: Keyring,
  { clients }: Pick<Store, 'clients'>,
  ids: readonly string[],
): Promise<void> {
  for (const client of await clients.all()) {
    if (!ids.includes(client.id)) continue;
    try {
      await clients.reseal(client, seal(keys, client, openClient(keys, client)));
    } catch (failure) {
      if (!isDamage(failure)) throw failure;
    }
  }
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openClient(keys: Keyring, { sealed, ...client }: SealedClient): OpenClient {
  const bytes = keys.open('registered_client', sealed, additionalData(keys.vaultId, client), client.issuer);
  const [clientSecret, registrationToken, registrationUri] = JSON.parse(bytes.toString('utf8')) as (
    | string
    | null
  )[];
  bytes.fill(0);
  const secret = (text: string | null | undefined) => (text ? new Secret(text) : null);
  return {
    ...client,
    clientSecret: secret(clientSecret),
    registrationToken: secret(registrationToken),
    registrationUri: registrationUri ?? null,
  };
}

function seal(
  keys: Keyring,
  client: RegisteredClient,
  { clientSecret, registrationToken, registrationUri }: ClientSecrets,
): Buffer {
  const text = JSON.stringify([
    clientSecret?.reveal() ?? null,
    registrationToken?.reveal() ?? null,
    registrationUri,
  ]);
  return keys.seal('registered_client', Buffer.from(text, 'utf8'), additionalData(keys.vaultId, client));
}

/** Nothing visible can be edited, but for the time of a refusal, which is recorded without a key. */
function additionalData(vaultId: Uint8Array, client: RegisteredClient): Buffer {
  const { id, issuer, clientId, clientAuth, redirectUri, createdAt, secretExpiresAt } = client;
  return frame([
    ...[FORMAT, vaultId, 'registered_clients', 'sealed', id],
    ...[issuer, clientId, clientAuth, redirectUri, createdAt, secretExpiresAt],
  ]);
}
