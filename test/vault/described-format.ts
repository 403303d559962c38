import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { RowFacts } from '../../src/stores/contract.js';

/* The sealed format as docs describe it, written once more without the code of the vault. */

const FORMAT = 'token-vault/1';

/** What the vectors of a ledger have in common. */
export interface LedgerVectors {
  readonly master_key: string;
  readonly vault_id: string;
  readonly created_at: number;
  readonly master_key_row: { reference: string; source: string; createdAt: number; checkValue: string };
  readonly wrapped_key: {
    dataKeyId: number;
    purpose: 'ledger';
    masterReference: string;
    createdAt: number;
    wrapped: string;
  };
}

type Part = string | number | Buffer;

export const hex = (text: string) => Buffer.from(text, 'hex');

/** Each value with its type and its length before it. */
function frame(...values: readonly Part[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      const number = Buffer.alloc(8);
      if (typeof value === 'number') number.writeBigInt64BE(BigInt(value));
      const bytes =
        typeof value === 'string' ? Buffer.from(value) : typeof value === 'number' ? number : value;
      const header = Buffer.alloc(5);
      header.writeUInt8(typeof value === 'string' ? 1 : typeof value === 'number' ? 2 : 3);
      header.writeUInt32BE(bytes.length, 1);
      return [header, bytes];
    }),
  );
}

/** A number in hex digits. */
export const integer = (value: number, digits = 16) => value.toString(16).padStart(digits, '0');

/** The sum of digests in hex, as the ledger has it. */
export const sumOf = (digests: readonly string[]) =>
  digests
    .reduce((total, digest) => (total + BigInt(`0x${digest}`)) % 2n ** 256n, 0n)
    .toString(16)
    .padStart(64, '0');

/** The key of a ledger, and what is read with it. */
export function describedLedger({ master_key, vault_id, wrapped_key: wrapped }: LedgerVectors) {
  const vaultId = hex(vault_id);
  const derive = (secret: Buffer, use: string) =>
    Buffer.from(hkdfSync('sha256', secret, vaultId, `${FORMAT}/${use}`, 32));
  const opened = (key: Buffer, box: Buffer, ...bound: readonly Part[]) => {
    const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(4, 16), { authTagLength: 16 });
    const aad = frame(FORMAT, vaultId, ...bound);
    decipher.setAAD(Buffer.concat([box.subarray(0, 4), aad])).setAuthTag(box.subarray(-16));
    return Buffer.concat([decipher.update(box.subarray(16, -16)), decipher.final()]);
  };
  const { masterReference, dataKeyId } = wrapped;
  const wrapping = derive(hex(master_key), 'key encryption');
  const key = opened(wrapping, hex(wrapped.wrapped), 'keys', masterReference, dataKeyId, 'ledger');
  return {
    open: (box: Buffer, ...bound: readonly Part[]) => opened(key, box, ...bound),
    digest: ({ id, provider, label, generation }: RowFacts) =>
      createHmac('sha256', derive(key, 'row digest'))
        .update(frame(FORMAT, vaultId, 'accounts', id, provider, label, generation))
        .digest('hex'),
    /** The code of an entry in the trail, and the name of a place. */
    mac: (secret: Buffer, ...values: readonly Part[]) =>
      createHmac('sha256', secret)
        .update(frame(FORMAT, ...values))
        .digest('hex'),
  };
}
