import { MINUTE, SECOND } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { fine, problem, skipped, warning } from '../domain/finding.js';
import { TransportFailure } from '../domain/transport.js';
import type { Probe } from '../system/http/http-probe.js';
import type { Check, HealthContext } from './contract.js';
import { frontPage, usableProviders } from './in-use.js';

/** By this much a token may be used too long or refreshed too early. */
const NOTABLE = MINUTE;
/** Many providers accept five minutes of clock skew and refuse more. */
const WRONG = 5 * MINUTE;

/** This machine's clock against the `Date` of providers' answers (RFC 9110 §6.6.1): every expiry depends on it. */
export const clock: Check = {
  name: 'clock',
  title: 'clock',
  group: 'surroundings',
  async run(ctx) {
    const providers = await usableProviders(ctx);
    if (providers.length === 0) return [skipped('no provider is in use yet')];
    if (ctx.visit === null) return [skipped('nothing is sent with --offline')];
    const pages = [...new Set(providers.map(({ resolved }) => frontPage(resolved.provider)))];
    const offsets = (await Promise.all(pages.map((page) => offsetAt(page, ctx)))).filter(
      (each) => each !== null,
    );
    // The smallest offset: a provider's own clock may be wrong, or a cache may have answered.
    const [offset] = offsets.sort((a, b) => Math.abs(a) - Math.abs(b));
    if (offset === undefined) return [skipped('no provider reported the time')];
    const off = Math.abs(offset);
    if (off <= NOTABLE) return [fine('the clock agrees with the providers’ clocks')];
    const message = `this machine’s clock is ${formatDuration(off)} ${offset > 0 ? 'behind' : 'ahead of'} the providers’`;
    const remedy = remedyOn(ctx.host.platform);
    return [off > WRONG ? problem('config_invalid', message, remedy) : warning(message, remedy)];
  },
};

/** How far the server's clock is ahead; null: unknown. */
async function offsetAt(page: string, { visit }: HealthContext): Promise<number | null> {
  try {
    return visit === null ? null : offsetOf(await visit(page));
  } catch (failure) {
    // Reported by the check `endpoints`.
    if (failure instanceof TransportFailure) return null;
    throw failure;
  }
}

/**
 * How far the server's clock is outside the time of the request. A `Date` has whole seconds; an answer from a cache is as
 * old as its `Age` (RFC 9111 §5.1).
 */
function offsetOf({ answer, askedAt, answeredAt }: Probe): number | null {
  const date = Date.parse(answer.headers['date'] ?? '');
  if (Number.isNaN(date)) return null;
  const reported = date + Number(/^\d{1,9}$/.exec(answer.headers['age'] ?? '')?.[0] ?? 0) * SECOND;
  if (reported > answeredAt) return reported - answeredAt;
  return reported + SECOND < askedAt ? reported + SECOND - askedAt : 0;
}

function remedyOn(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'sudo sntp -sS time.apple.com';
  return platform === 'win32' ? 'w32tm /resync' : 'sudo timedatectl set-ntp true';
}
