// Made one-fault-1.json, once: a sealed field that opens, and the same with one thing wrong, each time another. It knows
// the format from its description alone and shares no code with the vault. The format is frozen, so a fault may join, and
// none is changed: node test/vectors/make-one-fault.mjs
import { createCipheriv } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const NONCE = Buffer.from(Array.from({ length: 12 }, (_, index) => 0x80 + index));
const HEADER = Buffer.from([1, 1, 0, 7]);
const PLAINTEXT = Buffer.from('access-token-example');
const DAY = 86_400_000;
const MADE = Date.UTC(2026, 0, 2, 3, 4, 5);

/** What a sealed field is bound to, in order. */
const PLACE = {
  format: 'token-vault/1',
  vault: Buffer.from(Array.from({ length: 16 }, (_, index) => 0xf0 + index)),
  table: 'accounts',
  column: 'access_token',
  row: '00000000-0000-4000-8000-000000000001',
  provider: 'google',
  label: 'zoe@example.com',
  issuer: 'https://accounts.example.com',
  tokenEndpoint: 'https://accounts.example.com/token',
  client: 'client-example',
  subject: 'ab'.repeat(32),
  generation: 7,
  tokenType: 'Bearer',
  issuedAt: MADE,
  expiresAt: MADE + 3_600_000,
  grantExpiresAt: MADE + DAY,
  scopes: 'openid https://accounts.example.com/mail',
  accessTokenThere: 1,
  refreshTokenThere: 1,
};

function framed(values) {
  const parts = values.map((value) => {
    const [type, bytes] = typed(value);
    const header = Buffer.alloc(5);
    header.writeUInt8(type, 0);
    header.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([header, bytes]);
  });
  return Buffer.concat(parts);
}

function typed(value) {
  if (value === null) return [0, Buffer.alloc(0)];
  if (typeof value === 'string') return [1, Buffer.from(value)];
  if (Buffer.isBuffer(value)) return [3, value];
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return [2, bytes];
}

function sealed({ key = KEY, header = HEADER, nonce = NONCE, plaintext = PLAINTEXT, aad }) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  cipher.setAAD(Buffer.concat([header, aad]));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.concat([header, nonce, body]);
}

const aadOf = (changes = {}) => framed(Object.values({ ...PLACE, ...changes }));
const AAD = aadOf();
const GOOD = sealed({ aad: AAD });
const NONCE_AT = 4;
const TEXT_AT = 16;
const TAG_AT = GOOD.length - 16;

const faults = [];
const fault = (name, expected, changed) => faults.push({ name, expected, ...changed });
const bytes = (name, expected, box) => fault(name, expected, { sealed: box.toString('hex') });
const place = (name, aad) => fault(name, 'forged', { aad: aad.toString('hex') });

/** The field with other bytes from `at` on, as many as are given. */
const put = (at, ...values) =>
  Buffer.concat([GOOD.subarray(0, at), Buffer.from(values), GOOD.subarray(at + values.length)]);
const flip = (at, bit) => put(at, GOOD[at] ^ bit);
const without = (at) => Buffer.concat([GOOD.subarray(0, at), GOOD.subarray(at + 1)]);
const doubled = (at) => Buffer.concat([GOOD.subarray(0, at + 1), GOOD.subarray(at)]);

bytes('version 0', 'malformed', put(0, 0));
bytes('version 2', 'newer', put(0, 2));
bytes('version 255', 'newer', put(0, 255));
bytes('algorithm 0', 'malformed', put(1, 0));
bytes('algorithm 2', 'newer', put(1, 2));
bytes('key id 6', 'forged', put(3, 6));
bytes('key id with its bytes turned round', 'forged', put(2, 7, 0));
for (const [name, at] of [
  ['nonce', NONCE_AT],
  ['ciphertext', TEXT_AT],
  ['tag', TAG_AT],
]) {
  const last = name === 'nonce' ? TEXT_AT - 1 : name === 'ciphertext' ? TAG_AT - 1 : GOOD.length - 1;
  bytes(`first bit of the ${name} flipped`, 'forged', flip(at, 0x80));
  bytes(`last bit of the ${name} flipped`, 'forged', flip(last, 0x01));
  bytes(`first byte of the ${name} missing`, 'forged', without(at));
  bytes(`last byte of the ${name} twice`, 'forged', doubled(last));
}
bytes('nonce of zeros', 'forged', put(NONCE_AT, ...Buffer.alloc(12)));
bytes('tag of zeros', 'forged', put(TAG_AT, ...Buffer.alloc(16)));
bytes('tag of ones', 'forged', put(TAG_AT, ...Buffer.alloc(16, 255)));
bytes(
  'every bit of the tag flipped',
  'forged',
  put(TAG_AT, ...GOOD.subarray(TAG_AT).map((byte) => byte ^ 255)),
);
bytes(
  'halves of the tag changed over',
  'forged',
  put(TAG_AT, ...GOOD.subarray(TAG_AT + 8), ...GOOD.subarray(TAG_AT, TAG_AT + 8)),
);
bytes(
  'nonce and tag changed over',
  'forged',
  Buffer.concat([
    HEADER,
    GOOD.subarray(-12),
    GOOD.subarray(TEXT_AT, TAG_AT),
    GOOD.subarray(TAG_AT, TAG_AT + 4),
    NONCE,
  ]),
);
bytes('two bytes of the ciphertext changed over', 'forged', put(TEXT_AT, GOOD[TEXT_AT + 1], GOOD[TEXT_AT]));
// A shorter tag of GCM is the beginning of the whole one, so each of these is a true tag of its length.
for (let length = 4; length <= 15; length += 1) {
  bytes(`tag cut to ${length} bytes`, 'forged', GOOD.subarray(0, TAG_AT + length));
}
bytes('nothing at all', 'malformed', Buffer.alloc(0));
bytes('header alone', 'malformed', HEADER);
bytes('header and nonce alone', 'malformed', GOOD.subarray(0, TEXT_AT));
bytes(
  'one byte too few for a tag',
  'malformed',
  Buffer.concat([GOOD.subarray(0, TEXT_AT), Buffer.alloc(15)]),
);
bytes(
  'no ciphertext, the tag of the whole',
  'forged',
  Buffer.concat([GOOD.subarray(0, TEXT_AT), GOOD.subarray(TAG_AT)]),
);
bytes('a byte behind it', 'forged', Buffer.concat([GOOD, Buffer.alloc(1)]));
bytes('a second field behind it', 'forged', Buffer.concat([GOOD, GOOD]));
bytes('a byte in front of it', 'malformed', Buffer.concat([Buffer.alloc(1), GOOD]));
bytes(
  'the plaintext in the open',
  'forged',
  Buffer.concat([HEADER, NONCE, PLAINTEXT, GOOD.subarray(TAG_AT)]),
);
bytes(
  'sealed with a nonce of 16 bytes',
  'forged',
  sealed({ aad: AAD, nonce: Buffer.concat([NONCE, Buffer.alloc(4)]) }),
);
bytes('sealed under another key', 'forged', sealed({ aad: AAD, key: Buffer.alloc(32, 1) }));
bytes(
  'sealed without its header bound',
  'forged',
  Buffer.concat([HEADER, sealed({ aad: AAD, header: Buffer.alloc(0) })]),
);
bytes('sealed without its place bound', 'forged', sealed({ aad: Buffer.alloc(0) }));
fault('opened with another key', 'forged', { key: Buffer.alloc(32, 1).toString('hex') });

place('other format', aadOf({ format: 'token-vault/2' }));
place('other vault', aadOf({ vault: Buffer.alloc(16, 1) }));
place('other table', aadOf({ table: 'keys' }));
place('column of the refresh token', aadOf({ column: 'refresh_token' }));
place('column of the identity', aadOf({ column: 'identity' }));
place('other row', aadOf({ row: '00000000-0000-4000-8000-000000000002' }));
place('other provider', aadOf({ provider: 'youtube' }));
place('other label', aadOf({ label: 'zoe@example.org' }));
place('other issuer', aadOf({ issuer: 'https://accounts.example.org' }));
place('issuer with a slash at its end', aadOf({ issuer: `${PLACE.issuer}/` }));
place('other endpoint', aadOf({ tokenEndpoint: 'https://evil.example.com/token' }));
place('other client', aadOf({ client: 'client-example-2' }));
place('other subject', aadOf({ subject: 'cd'.repeat(32) }));
place('generation before', aadOf({ generation: 6 }));
place('generation after', aadOf({ generation: 8 }));
place('other token type', aadOf({ tokenType: 'bearer' }));
place('other time of issue', aadOf({ issuedAt: MADE + 1 }));
place('later expiry', aadOf({ expiresAt: PLACE.expiresAt + 1 }));
place('expiry unknown', aadOf({ expiresAt: null }));
place('later end of the grant', aadOf({ grantExpiresAt: PLACE.grantExpiresAt + DAY }));
place('end of the grant unknown', aadOf({ grantExpiresAt: null }));
place('more scopes', aadOf({ scopes: `${PLACE.scopes} admin` }));
place('no scopes', aadOf({ scopes: '' }));
place('scopes in another order', aadOf({ scopes: PLACE.scopes.split(' ').reverse().join(' ') }));
place('no access token there', aadOf({ accessTokenThere: 0 }));
place('no refresh token there', aadOf({ refreshTokenThere: 0 }));
place(
  'issuer and endpoint changed over',
  aadOf({ issuer: PLACE.tokenEndpoint, tokenEndpoint: PLACE.issuer }),
);
place('a character moved from provider to label', aadOf({ provider: 'googl', label: `e${PLACE.label}` }));
place('a number spelled as a text', aadOf({ generation: '7' }));
place('a number of nothing for an unknown one', aadOf({ grantExpiresAt: 0 }));
place('nothing where a text is empty', aadOf({ scopes: null }));
place('a part too few', framed(Object.values(PLACE).slice(0, -1)));
place('a part too many', framed([...Object.values(PLACE), null]));
place('no place at all', Buffer.alloc(0));

const hex = (value) => value.toString('hex');
const vectors = {
  format: 'one sealed field of version 1, and the same with one fault each',
  good: { key: hex(KEY), aad: hex(AAD), sealed: hex(GOOD), plaintext: hex(PLAINTEXT) },
  faults,
};
writeFileSync(new URL('one-fault-1.json', import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
