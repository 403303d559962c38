import { consentForm, HEADERS, page } from './consent-page.js';
import type { DemoAnswer } from './contract.js';
import type { DeviceRecord } from './grants.js';

/** @param record null: which code it is about is still to be typed */
export function devicePage(address: string, record: DeviceRecord | null): DemoAnswer {
  const path = new URL(address).pathname;
  if (record === null) {
    return answer(
      200,
      `<p>Type the code that your terminal shows.</p>
<form method="get" action="${path}">
<label>Code <input name="user_code" autocomplete="off" autofocus></label>
<button type="submit">Go on</button>
</form>`,
    );
  }
  const hidden = `<input type="hidden" name="user_code" value="${record.userCode}">`;
  return answer(
    200,
    `<p>A program asks to connect. Go on only if you began this yourself and your terminal shows
<strong>${record.userCode}</strong>.</p>
${consentForm(path, hidden, record.scopes, null)}`,
  );
}

/** @param sentence fixed words */
export function deviceResult(status: number, sentence: string): DemoAnswer {
  return answer(status, `<p>${sentence}</p>`);
}

function answer(status: number, body: string): DemoAnswer {
  return { status, headers: HEADERS, body: page('Demo login', body) };
}
