import { createHash } from 'node:crypto';

/** A user of the demo server. */
export interface Person {
  readonly key: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string;
}

export const PEOPLE: readonly Person[] = [
  { key: 'ada', subject: 'demo-1815', name: 'Ada Lovelace', email: 'ada@example.com' },
  { key: 'grace', subject: 'demo-1906', name: 'Grace Hopper', email: 'grace@example.com' },
];

/** The scopes on offer, each with its line on the consent page. */
export const SCOPES: Readonly<Record<string, string>> = {
  openid: 'know who you are',
  email: 'see your e-mail address',
  profile: 'see your name',
  offline_access: 'stay connected while you are away',
  'notes.read': 'read your notes',
  'notes.write': 'change your notes',
  mail: 'read and send your mail',
};

/** An authorization request until its code is redeemed. */
export interface PendingRequest {
  readonly redirectUri: string;
  readonly state: string | null;
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly scopes: readonly string[];
  readonly loginHint: string | null;
  readonly endsAt: number;
}

/** All tokens of one consent; they end together. */
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
  /** When its successor was issued; null while it is current. */
  rotatedAt: number | null;
}

export interface AccessRecord {
  readonly family: Family;
  readonly endsAt: number;
}

/** A device authorization until its code is redeemed. */
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

/** Names a token in the log without revealing it. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 12);
}

export type Grants = ReturnType<typeof createGrants>;

/** The state of the server. Tokens are kept by digest. */
export function createGrants() {
  return {
    pending: new Map<string, PendingRequest>(),
    codes: new Map<string, CodeRecord>(),
    devices: new Map<string, DeviceRecord>(),
    refresh: new Map<string, RefreshRecord>(),
    access: new Map<string, AccessRecord>(),
    families: [] as Family[],
    refreshUses: new Map<string, number>(),
  };
}

/** The family of a valid access token. */
export function bearer(grants: Grants, token: string, now: number): Family | null {
  const record = grants.access.get(digest(token));
  return record?.family.alive && record.endsAt > now ? record.family : null;
}
