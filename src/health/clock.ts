import { formatDuration, MINUTE, SECOND } from '../domain/duration.js';
import { fine, problem, skipped, warning } from '../domain/finding.js';
import { TransportFailure } from '../domain/transport.js';
import type { Probe } from '../system/http/http-probe.js';
import type { Check, HealthDeps } from './contract.js';
import { frontPage, usableProviders } from './in-use.js';

/** An offset worth telling: by so much a token is taken for valid too long, or for ended too soon. */
const NOTABLE = MINUTE;
/** Beyond this providers may refuse what was signed or issued: many allow five minutes. */
const WRONG = 5 * MINUTE;

/** This machine's clock against the `Date` of providers' answers (RFC 9110 §6.6.1): every expiry is counted with it. */
export const clock: Check = {
  name: 'clock',
  title: 'clock',
  group: 'surroundings',
  async run(deps) {
    const providers = await usableProviders(deps);
    if (providers.length === 0) return [skipped('no provider is in use whose clock could be asked')];
    if (deps.visit === null) return [skipped('nothing is sent with --offline')];
    const pages = [...new Set(providers.map(({ resolved }) => frontPage(resolved.provider)))];
    const offsets = (await Promise.all(pages.map((page) => offsetAt(page, deps)))).filter(
      (each) => each !== null,
    );
    // Of several clocks the one that agrees most: a provider's own may be wrong, or a cache may have answered.
    const [offset] = offsets.sort((a, b) => Math.abs(a) - Math.abs(b));
    if (offset === undefined) return [skipped('no provider told the time')];
    const off = Math.abs(offset);
    if (off <= NOTABLE) return [fine('agrees with the providers’ clocks')];
    const message = `this machine’s clock is ${formatDuration(off)} ${offset > 0 ? 'behind' : 'ahead of'} the providers’`;
    const remedy = remedyOn(deps.platform);
    return [off > WRONG ? problem('config_invalid', message, remedy) : warning(message, remedy)];
  },
};

/** Milliseconds the server is ahead of us; null when it cannot be reached or does not say. */
async function offsetAt(page: string, { visit }: HealthDeps): Promise<number | null> {
  try {
    return visit === null ? null : offsetOf(await visit(page));
  } catch (failure) {
    // The check `endpoints` tells why.
    if (failure instanceof TransportFailure) return null;
    throw failure;
  }
}

/**
 * How far the server's clock lies outside the time in which it answered. A `Date` has whole seconds; an answer from a
 * cache is as old as its `Age` (RFC 9111 §5.1).
 */
function offsetOf({ answer, askedAt, answeredAt }: Probe): number | null {
  const date = Date.parse(answer.headers['date'] ?? '');
  if (Number.isNaN(date)) return null;
  const told = date + Number(/^\d{1,9}$/.exec(answer.headers['age'] ?? '')?.[0] ?? 0) * SECOND;
  if (told > answeredAt) return told - answeredAt;
  return told + SECOND < askedAt ? told + SECOND - askedAt : 0;
}

function remedyOn(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'sudo sntp -sS time.apple.com';
  return platform === 'win32' ? 'w32tm /resync' : 'sudo timedatectl set-ntp true';
}
