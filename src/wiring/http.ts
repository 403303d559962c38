import type { SettingsSources } from '../config/settings.js';
import { type Once, once } from '../domain/once.js';
import type { Host, Http } from '../system/contract.js';

/* How app.ts wires the HTTP client. */

/** @param settings read only when it matters whether a provider has `insecureLoopback` */
export function httpWith(
  { env, uid }: Pick<Host, 'env' | 'uid'>,
  settings: () => Promise<SettingsSources>,
): Once<Http> {
  return once(async () => {
    const { createHttp } = await import('../system/http/http.js');
    return createHttp({
      env,
      uid,
      async insecureLoopback(origin) {
        const { allowsInsecureLoopback } = await import('../config/settings.js');
        return allowsInsecureLoopback(origin, await settings());
      },
    });
  });
}
