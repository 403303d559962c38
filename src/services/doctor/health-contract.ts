import type { CheckResult } from '../../health/run.js';

export interface DoctorRequest {
  /** Nothing is sent anywhere. */
  readonly offline: boolean;
  /** In the environment that cron would give, and with a word on what will happen there. */
  readonly asCron: boolean;
}

export interface DoctorReport {
  /** In the order in which they are shown. */
  readonly results: readonly CheckResult[];
}

/** Told as each check ends, in any order. */
export type DoctorProgress = (result: CheckResult, total: number) => void;

export interface HealthUseCases {
  /**
   * Looks at everything that can keep a token from being valid, and changes nothing.
   *
   * @throws VaultError `usage` for `asCron` where there is no cron
   */
  doctor(request: DoctorRequest, progress: DoctorProgress): Promise<DoctorReport>;
}
