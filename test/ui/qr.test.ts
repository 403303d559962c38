import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { qrCode } from '../../src/commands/login-talk.js';

const ADDRESS = 'https://issuer.example/device?user_code=WDJB-MJHT';

/** What a camera sees in the half blocks: true is dark. */
function modules(lines: readonly string[]): boolean[][] {
  return lines.flatMap((line) => [
    [...line].map((half) => half === ' ' || half === '▄'),
    [...line].map((half) => half === ' ' || half === '▀'),
  ]);
}

describe('a QR code on a terminal', () => {
  it('contains the address, module by module, with a light border', () => {
    const { data, size } = encode(ADDRESS, { ecc: 'L', border: 2 });
    const drawn = modules(qrCode(ADDRESS, 80) ?? []);
    expect(drawn.slice(0, size)).toEqual(data);
    expect(drawn[0]?.some(Boolean)).toBe(false);
    expect(drawn.slice(0, size).some((row) => row[0] || row[1] || row.at(-1))).toBe(false);
  });

  it('is omitted if it would be one column wider than the terminal', () => {
    const width = qrCode(ADDRESS, 80)?.[0]?.length ?? 0;
    expect(qrCode(ADDRESS, width)).not.toBeNull();
    expect(qrCode(ADDRESS, width - 1)).toBeNull();
  });

  it('is omitted for an address that is too long for a camera', () => {
    expect(qrCode(`https://issuer.example/${'x'.repeat(4_000)}`, 10_000)).toBeNull();
  });
});
