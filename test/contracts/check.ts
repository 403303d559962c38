import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/domain/finding.js';
import { CHECK_GROUPS, type Check } from '../../src/health/contract.js';

export interface CheckStage {
  /** What this check finds on a machine where all is well. */
  well(): Promise<readonly Finding[]>;
  /** What it finds where everything is broken that it looks at. */
  broken(): Promise<readonly Finding[]>;
  /** What must never be said. */
  readonly secrets: readonly string[];
}

/** What every check promises; see health/contract. */
export function checkContract(check: Check, stage: () => CheckStage): void {
  describe(`the check ${check.name}`, () => {
    it('has a name for programs, one for people, and a place', () => {
      expect(check.name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
      expect(check.title).not.toBe('');
      expect(CHECK_GROUPS).toContain(check.group);
    });

    it('reports at least one finding, and no problem, if all is well', async () => {
      const findings = await stage().well();
      expect(findings.length).toBeGreaterThan(0);
      expect(findings.filter(({ status }) => status === 'warning' || status === 'problem')).toEqual([]);
    });

    it('finds what is broken, and names a remedy', async () => {
      const told = (await stage().broken()).filter(
        ({ status }) => status === 'warning' || status === 'problem',
      );
      expect(told.length).toBeGreaterThan(0);
      for (const { status, remedy, code } of told) {
        expect(remedy ?? '').not.toBe('');
        expect(code !== null).toBe(status === 'problem');
      }
    });

    it('reports sentences without a capital, a full stop or a secret', async () => {
      const findings = [...(await stage().well()), ...(await stage().broken())];
      for (const { message } of findings) expect(message).toMatch(/^(?:[^A-Z]|[A-Z_]{3}|OS |SQLite).*[^.]$/s);
      const said = JSON.stringify(findings);
      for (const secret of stage().secrets) expect(said).not.toContain(secret);
    });
  });
}
