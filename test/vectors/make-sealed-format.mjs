// Made sealed-format-1.json, once. The format is frozen: the file is never made again, and a later version of the
// format gets a file of its own beside it. Run from the project's folder after `npm run build`.
import { writeFileSync } from 'node:fs';
import { Secret } from '../../dist/lib/domain/secret.js';
import { openKeyring } from '../../dist/lib/vault/keyring.js';
import { createHead } from '../../dist/lib/vault/new-vault.js';
import { sealContents } from '../../dist/lib/vault/sealed-account.js';
import { additionalData } from '../../dist/lib/vault/sealed-field.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const master = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const vaultId = Buffer.from(Array.from({ length: 16 }, (_, index) => 0xf0 + index));
const made = Date.UTC(2026, 0, 2, 3, 4, 5);

const head = createHead(vaultId, 'file', master, made);
const keyring = openKeyring(head, head.masterKeys[0], master, 'key file');

const whole = {
  facts: {
    id: '00000000-0000-4000-8000-000000000001',
    provider: 'google',
    label: 'zoë@example.com',
    issuer: 'https://accounts.example.com',
    tokenEndpoint: 'https://accounts.example.com/token',
    clientId: 'client-example',
    generation: 7,
    tokenType: 'Bearer',
    issuedAt: made,
    expiresAt: made + 3_600_000,
    grantExpiresAt: made + 86_400_000,
    grantedScopes: ['openid', 'https://accounts.example.com/mail'],
  },
  contents: {
    accessToken: 'access-token-example',
    refreshToken: 'refresh-token-example',
    identity: {
      subject: 'subject-example',
      email: 'zoë@example.com',
      name: 'Zoë Example',
      details: { channel: 'channel-example' },
    },
  },
};

const bare = {
  facts: {
    ...whole.facts,
    id: '00000000-0000-4000-8000-000000000002',
    provider: 'notion',
    label: 'bare',
    generation: 1,
    expiresAt: null,
    grantExpiresAt: null,
    grantedScopes: [],
  },
  contents: {
    accessToken: 'access-token-example',
    refreshToken: null,
    identity: { subject: 'another-subject-example', email: null, name: null, details: {} },
  },
};

function vector({ facts, contents }) {
  const [subjectDigest] = keyring.subjectDigests(facts.issuer, contents.identity.subject);
  const account = { ...facts, subjectDigest };
  const secret = (text) => (text === null ? null : new Secret(text));
  const sealed = sealContents(keyring, account, {
    accessToken: secret(contents.accessToken),
    refreshToken: secret(contents.refreshToken),
    identity: contents.identity,
  });
  const present = { accessToken: true, refreshToken: contents.refreshToken !== null };
  const aad = (column) => hex(additionalData(vaultId, column, account, present));
  return {
    account,
    contents,
    aad: {
      access_token: aad('access_token'),
      refresh_token: aad('refresh_token'),
      identity: aad('identity'),
    },
    sealed: {
      access_token: hex(sealed.accessToken),
      refresh_token: sealed.refreshToken === null ? null : hex(sealed.refreshToken),
      identity: hex(sealed.identity),
    },
  };
}

const vectors = {
  format: 'token-vault/1',
  master_key: hex(master),
  vault_id: hex(vaultId),
  created_at: made,
  master_keys: head.masterKeys.map(({ checkValue, ...row }) => ({ ...row, checkValue: hex(checkValue) })),
  wrapped_keys: head.wrappedKeys.map(({ wrapped, ...row }) => ({ ...row, wrapped: hex(wrapped) })),
  accounts: [whole, bare].map(vector),
};

const file = new URL('sealed-format-1.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`, { flag: 'wx' });
