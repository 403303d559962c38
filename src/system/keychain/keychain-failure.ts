import type { KeychainFailure, KeychainFailureKind } from '../contract.js';

/** What a failure can tell besides its kind; in this program's own words, so that it may be shown. */
interface FailureParts {
  readonly about?: string | null;
  readonly remedy?: string | null;
  readonly cause?: unknown;
}

export class KeychainTrouble extends Error implements KeychainFailure {
  override readonly name = 'KeychainFailure';
  readonly kind: KeychainFailureKind;
  readonly about: string | null;
  readonly remedy: string | null;

  constructor(kind: KeychainFailureKind, { about = null, remedy = null, cause }: FailureParts = {}) {
    super(kind, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.about = about;
    this.remedy = remedy;
  }
}
