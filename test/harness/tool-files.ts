import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/* Files of other tools that are sealed, made as the tools make them and with no code of the importers. */

/** As email-oauth2-proxy seals a token, with the library cryptography. */
export function fernet(password: string, salt: Buffer, iterations: number, text: string): string {
  const key = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv);
  const head = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(8), iv, cipher.update(text), cipher.final()]);
  return Buffer.concat([head, createHmac('sha256', key.subarray(0, 16)).update(head).digest()]).toString(
    'base64url',
  );
}

const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string) => Buffer.concat([u64(value.length), Buffer.from(value)]);
const list = (...items: Buffer[]) => Buffer.concat([u64(items.length), ...items]);
const some = (value: Buffer) => Buffer.concat([Buffer.from([1]), value]);

interface PizauthAccount {
  readonly authorize: string;
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly refreshToken: string;
}

/** `pizauth dump` with the account `work`. @param end bytes after the accounts */
export function pizauthDump(of: PizauthAccount, end = Buffer.alloc(0)): Buffer {
  const account = Buffer.concat([
    ...[text('work'), text(of.authorize)],
    list(Buffer.concat([text('login_hint'), text('ada@example.com')])),
    ...[text(of.clientId), some(text(of.clientSecret)), text('http://localhost/')],
    ...[list(...of.scopes.map(text)), text(of.token)],
    ...[Buffer.from([1, 0, 0, 0]), text('access-example'), Buffer.alloc(24), some(text(of.refreshToken))],
  ]);
  const key = Buffer.from('66a247a85e48cfecaaed9b36eba97d5350d4286375097a44eeffb9c4546b65a3', 'hex');
  const nonce = randomBytes(12);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  const sealed = Buffer.concat([cipher.update(Buffer.concat([u64(1), list(account), end])), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
}
