import type { Http } from '../../../src/system/contract.js';
import { createHttp } from '../../../src/system/http/http.js';

/** Both are held to the same suite: requests in general, and requests to token endpoints (`acceptPart`). */
export const CLIENTS = [
  ['a request', false],
  ['a request to a token endpoint', true],
] as const;

/** @returns a client that throws how an answer broke off, with `acceptPart` too */
export function clientOf(acceptPart: boolean, env: Readonly<Record<string, string | undefined>> = {}): Http {
  const http = createHttp({ env });
  return {
    async send(request) {
      const answer = await http.send(acceptPart ? { ...request, acceptPart } : request);
      if (answer.brokenOff !== undefined) throw answer.brokenOff;
      return answer;
    },
    close: () => http.close(),
  };
}
