import { createHash } from 'node:crypto';

/** The pages that a browser can get. Their text is fixed and repeats nothing of a request. */
export type PageKind =
  | 'received'
  | 'refused'
  | 'already_done'
  | 'copy'
  | 'opened_twice'
  | 'wrong_browser'
  | 'other_user';

interface Words {
  readonly title: string;
  readonly text: string;
  readonly mark: string;
}

const WORDS: Readonly<Record<PageKind, Words>> = {
  received: {
    title: 'You can go back to your terminal',
    text: 'The terminal has received the answer and finishes the login. You can close this tab.',
    mark: '✓',
  },
  refused: {
    title: 'The login was refused',
    text: 'Access was not granted, and nothing was stored. The terminal shows the reason. You can close this tab.',
    mark: '✕',
  },
  already_done: {
    title: 'This login is over',
    text: 'It was answered before, and is not answered again. You can close this tab.',
    mark: '·',
  },
  copy: {
    title: 'Copy the address of this page',
    text: 'Paste the whole address into the terminal that waits for it. Then you can close this tab.',
    mark: '→',
  },
  opened_twice: {
    title: 'This login was stopped',
    text: 'Its start page was opened twice. Another user of this machine may have opened it. The terminal shows what to type. You can close this tab.',
    mark: '✕',
  },
  wrong_browser: {
    title: 'This is not the browser of the login',
    text: 'The answer counts only from the browser in which the login began, with its cookie. To log in from any browser, run the login with --no-browser. You can close this tab.',
    mark: '✕',
  },
  other_user: {
    title: 'This login belongs to another user',
    text: 'Another user of this machine began it. If that was you: where the address of this page holds a code, paste it into the terminal of the login; else run the login with --no-browser. You can close this tab.',
    mark: '✕',
  },
};

const STYLE = [
  ':root{color-scheme:light dark}',
  'body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f6f5f3;color:#22201d;',
  'font:16px/1.6 system-ui,sans-serif}',
  'main{max-width:26rem;margin:2rem;padding:2.5rem;border-radius:1rem;background:#fff;text-align:center;',
  'box-shadow:0 1px 3px #0002,0 12px 40px #0001}',
  'p{margin:0;color:#6b6660}h1{margin:1rem 0 .5rem;font-size:1.35rem;color:#22201d}',
  '.mark{width:3rem;height:3rem;margin:auto;border-radius:50%;font-size:1.5rem;line-height:3rem;',
  'background:#22201d;color:#fff}.name{margin-top:2rem;font-size:.8rem}',
  '@media(prefers-color-scheme:dark){body{background:#191817}main{background:#242220}',
  'h1{color:#f3f0ec}p{color:#a8a29b}.mark{background:#f3f0ec;color:#191817}}',
].join('');

const STYLE_HASH = createHash('sha256').update(STYLE, 'utf8').digest('base64');

/** For every answer: not cached, not referred, not framed, no active content. */
export const STRICT_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function page(kind: PageKind): string {
  const { title, text, mark } = WORDS[kind];
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head><body><main>`,
    `<div class="mark" aria-hidden="true">${mark}</div><h1>${title}</h1><p>${text}</p><p class="name">token-vault</p>`,
    '</main></body></html>',
  ].join('');
}
