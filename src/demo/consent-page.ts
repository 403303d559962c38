import { createHash } from 'node:crypto';
import type { DemoAnswer } from './contract.js';
import type { PendingRequest } from './grants.js';
import { PEOPLE, SCOPES } from './people.js';

const STYLE = [
  'body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#222}',
  'fieldset{border:1px solid #ccc;border-radius:.5rem;margin:1rem 0;padding:.5rem 1rem}',
  'label{display:block;margin:.25rem 0}button{font:inherit;padding:.4rem 1.2rem;margin-right:.5rem}',
  'small{color:#666}',
].join('');

export const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  // No form-action here: browsers apply it to the redirect that follows, which goes to another port.
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'`,
};

/** The page on which a person says who they are and what this program may do. A plain form, no script. */
export function consentPage(id: string, request: PendingRequest): DemoAnswer {
  const hidden = `<input type="hidden" name="request" value="${id}">`;
  const body = `<p>A program on this machine asks to connect. This page is part of the demo: nobody's real account is here.</p>
${consentForm('/consent', hidden, request.scopes, request.loginHint)}`;
  return { status: 200, headers: HEADERS, body: page('Demo login', body) };
}

/** @param scopes only known ones, so their names need no escaping */
export function consentForm(
  action: string,
  hidden: string,
  scopes: readonly string[],
  loginHint: string | null,
): string {
  const hinted = PEOPLE.find((person) => person.email === loginHint) ?? PEOPLE[0];
  const people = PEOPLE.map((person) => {
    const checked = person === hinted ? ' checked' : '';
    return `<label><input type="radio" name="person" value="${person.key}"${checked}> ${person.name} <small>${person.email}</small></label>`;
  });
  const boxes = scopes.map(
    (scope) =>
      `<label><input type="checkbox" name="scope" value="${scope}" checked> ${SCOPES[scope]} <small>${scope}</small></label>`,
  );
  return `<form method="post" action="${action}">
${hidden}
<fieldset><legend>You are</legend>
${people.join('\n')}
</fieldset>
<fieldset><legend>It may</legend>
${boxes.join('\n')}
</fieldset>
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`;
}

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1>
${body}
</body></html>
`;
}
