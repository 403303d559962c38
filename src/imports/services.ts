import type { FoundServer } from './contract.js';

/*
 * Services whose endpoints tools have built in, under the name that the tool uses. Sources: the tools themselves, as each importer
 * names them; the endpoints are those of the services' documentation.
 */

const GOOGLE: FoundServer = {
  tokenEndpoint: 'https://oauth2.googleapis.com/token',
  authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  clientAuth: 'post',
};

/** Microsoft Entra, with a tenant; `common` where a tool names none. */
export function microsoftServer(tenant: string | null): FoundServer {
  const base = `https://login.microsoftonline.com/${encodeURIComponent(tenant ?? 'common')}/oauth2/v2.0`;
  return { tokenEndpoint: `${base}/token`, authorizationEndpoint: `${base}/authorize`, clientAuth: 'post' };
}

/** The servers by the names that several tools use. */
export const SERVICES: Readonly<Record<string, FoundServer>> = {
  google: GOOGLE,
  gmail: GOOGLE,
  microsoft: microsoftServer(null),
  outlook: microsoftServer(null),
};

/** One token endpoint under older names, which Google still serves. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  'https://accounts.google.com/o/oauth2/token': 'https://oauth2.googleapis.com/token',
  'https://accounts.google.com/o/oauth2/v2/token': 'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v3/token': 'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v4/token': 'https://oauth2.googleapis.com/token',
};

export function presentEndpoint(endpoint: string): string {
  return Object.hasOwn(OLDER_NAMES, endpoint) ? (OLDER_NAMES[endpoint] ?? endpoint) : endpoint;
}

/** Clients of other programs, by how their client id begins: their tokens are not ours to use. */
const TOOLS_CLIENTS: readonly (readonly [begins: string, tool: string])[] = [
  ['764086051850-', 'gcloud'],
  ['32555940559.', 'gcloud'],
  ['202264815644', 'rclone'],
  ['406964657835-', 'Thunderbird'],
  ['9e5f94bc-e8a4-4e73-b8be-63364c29d753', 'Thunderbird'],
  ['04b07795-8ddb-461a-bbee-02f9e1bf7b46', 'the Azure CLI'],
];

/** The program to which a client belongs; null: to no known program, so to the user. */
export function ownerOfClient(clientId: string): string | null {
  return TOOLS_CLIENTS.find(([begins]) => clientId.startsWith(begins))?.[1] ?? null;
}
