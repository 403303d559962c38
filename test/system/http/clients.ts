import type { Http } from '../../../src/system/contract.js';
import { createHttp } from '../../../src/system/http/http.js';

/** Both clients are held to the same suite: the library, and Node's own, through which token endpoints are asked. */
export const CLIENTS = [
  ['the HTTP library', false],
  ["Node's own client", true],
] as const;

/** One of the two. Of an answer that broke off it tells how, as the other one does. */
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
