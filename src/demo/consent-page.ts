import { createHash } from 'node:crypto';
import { CARD_STYLE, renderCard } from '../domain/card.js';
import type { DemoAnswer } from './contract.js';
import { type DeviceRecord, PEOPLE, type PendingRequest, SCOPES } from './grants.js';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  // No form-action: browsers apply it to the redirect as well, which goes to another port.
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(CARD_STYLE).digest('base64')}'; frame-ancestors 'none'`,
};

/** The page where the user picks an identity and the scopes: a plain form, no script. */
export function consentPage(id: string, request: PendingRequest): DemoAnswer {
  const hidden = `<input type="hidden" name="request" value="${id}">`;
  const body = `<p>A program on this machine asks to connect. This page is part of the demo; no real account is involved.</p>
${consentForm('/consent', hidden, request.scopes, request.loginHint)}`;
  return page(200, body);
}

/** @param scopes known ones, which need no escaping */
function consentForm(
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

function page(status: number, body: string): DemoAnswer {
  return { status, headers: HEADERS, body: renderCard({ title: 'Demo login', body, mark: null }) };
}

/** @param record null: the code is not typed yet */
export function devicePage(address: string, record: DeviceRecord | null): DemoAnswer {
  const path = new URL(address).pathname;
  if (record === null) {
    return page(
      200,
      `<p>Type the code that your terminal shows.</p>
<form method="get" action="${path}">
<label>Code <input name="user_code" autocomplete="off" autofocus></label>
<button type="submit">Continue</button>
</form>`,
    );
  }
  const hidden = `<input type="hidden" name="user_code" value="${record.userCode}">`;
  return page(
    200,
    `<p>A program asks to connect. Continue only if you started this yourself and your terminal shows
<strong>${record.userCode}</strong>.</p>
${consentForm(path, hidden, record.scopes, null)}`,
  );
}

/** @param sentence a constant, not escaped */
export function deviceResult(status: number, sentence: string): DemoAnswer {
  return page(status, `<p>${sentence}</p>`);
}
