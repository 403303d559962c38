import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OpenFailure, open } from '../../src/crypto/sealed-box.js';

interface Parts {
  readonly key: string;
  readonly aad: string;
  readonly sealed: string;
}

interface Vectors {
  readonly good: Parts & { readonly plaintext: string };
  readonly faults: readonly (Partial<Parts> & { readonly name: string; readonly expected: string })[];
}

const file = new URL('../vectors/one-fault-1.json', import.meta.url);
const { good, faults } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const hex = (text: string) => Buffer.from(text, 'hex');

function outcome({ key, aad, sealed }: Parts): string {
  try {
    return hex(good.plaintext).equals(open(hex(key), hex(sealed), hex(aad)))
      ? 'opened'
      : 'opened to something else';
  } catch (failure) {
    if (failure instanceof OpenFailure) return failure.kind;
    throw failure;
  }
}

describe('a sealed field of version 1', () => {
  it('opens as it was sealed', () => {
    expect(outcome(good)).toBe('opened');
  });

  it.each(faults)('is refused with one fault: $name', ({ name: _name, expected, ...changed }) => {
    expect(Object.keys(changed)).toHaveLength(1);
    expect(outcome({ ...good, ...changed })).toBe(expected);
  });

  it('is refused with each single fault', () => {
    const { key, aad, sealed } = good;
    const whole = faults.map((fault) =>
      JSON.stringify([fault.key ?? key, fault.aad ?? aad, fault.sealed ?? sealed]),
    );
    expect(new Set(whole).size).toBe(faults.length);
    expect(whole).not.toContain(JSON.stringify([key, aad, sealed]));
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
    expect(faults.length).toBeGreaterThanOrEqual(80);
  });
});
