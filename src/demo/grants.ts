import { createHash } from 'node:crypto';
import type { Person } from './people.js';

/** An authorization request that waits for the person, then for its code to be redeemed. */
export interface PendingRequest {
  readonly redirectUri: string;
  readonly state: string | null;
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly scopes: readonly string[];
  readonly loginHint: string | null;
  readonly endsAt: number;
}

/** All tokens that descend from one consent. They live and die together. */
export interface Family {
  readonly number: number;
  readonly person: Person;
  readonly scopes: readonly string[];
  alive: boolean;
}

export interface CodeRecord {
  readonly request: PendingRequest;
  readonly family: Family;
  readonly endsAt: number;
  redeemed: boolean;
}

export interface RefreshRecord {
  readonly family: Family;
  /** When its successor was handed out; null while it is the current one. */
  rotatedAt: number | null;
}

export interface AccessRecord {
  readonly family: Family;
  readonly endsAt: number;
}

/** A device authorization that waits for the person, then for its code to be redeemed. All times in milliseconds. */
export interface DeviceRecord {
  readonly userCode: string;
  readonly scopes: readonly string[];
  readonly endsAt: number;
  interval: number;
  lastPoll: number;
  polls: number;
  state: 'waiting' | 'allowed' | 'denied' | 'redeemed';
  family: Family | null;
}

/** What the server remembers. Tokens are kept by digest. */
export interface Grants {
  readonly pending: Map<string, PendingRequest>;
  readonly codes: Map<string, CodeRecord>;
  readonly devices: Map<string, DeviceRecord>;
  readonly refresh: Map<string, RefreshRecord>;
  readonly access: Map<string, AccessRecord>;
  readonly families: Family[];
  readonly refreshUses: Map<string, number>;
}

/** Names a token in the log without giving it away. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 12);
}

export function createGrants(): Grants {
  return {
    pending: new Map(),
    codes: new Map(),
    devices: new Map(),
    refresh: new Map(),
    access: new Map(),
    families: [],
    refreshUses: new Map(),
  };
}

export function startFamily(grants: Grants, person: Person, scopes: readonly string[]): Family {
  const family: Family = { number: grants.families.length + 1, person, scopes, alive: true };
  grants.families.push(family);
  return family;
}

/** The family an access token belongs to, while both are good. */
export function bearer(grants: Grants, token: string, now: number): Family | null {
  const record = grants.access.get(digest(token));
  return record?.family.alive && record.endsAt > now ? record.family : null;
}
