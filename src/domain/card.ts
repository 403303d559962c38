/** What a page in the browser says: one card, the same for the listener of a login and the demo's server. */
export interface Card {
  readonly title: string;
  /** HTML. The caller escapes what is not a constant of this program. */
  readonly body: string;
  /** A sign above the title; null: none. */
  readonly mark: { readonly sign: string; readonly tone: 'good' | 'bad' | 'neutral' } | null;
}

/** The only active content of a page. A policy allows it by its hash. */
export const CARD_STYLE = [
  ':root{color-scheme:light dark;--back:#f6f5f3;--card:#fff;--ink:#22201d;--soft:#6b6660;--line:#dcd8d2;',
  '--good:#1a7f4b;--bad:#b42318}',
  '@media(prefers-color-scheme:dark){:root{--back:#191817;--card:#242220;--ink:#f3f0ec;--soft:#a8a29b;',
  '--line:#45413c;--good:#3fb97a;--bad:#f0776b}}',
  '*{box-sizing:border-box}',
  'body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--back);color:var(--ink);',
  'font:16px/1.6 system-ui,sans-serif}',
  'main{width:min(26rem,100vw - 2rem);margin:1rem;padding:2rem;border-radius:1rem;background:var(--card);',
  'text-align:center;box-shadow:0 1px 3px #0002,0 12px 40px #0001}',
  'h1{margin:1rem 0 .5rem;font-size:1.35rem;line-height:1.3;text-wrap:balance}',
  'p{margin:0 0 .5rem;color:var(--soft);text-wrap:balance;overflow-wrap:anywhere}',
  '.mark{width:3rem;height:3rem;margin:auto;border-radius:50%;font-size:1.5rem;line-height:3rem;',
  'background:var(--ink);color:var(--card)}.good{background:var(--good)}.bad{background:var(--bad)}',
  '.name{margin:1.5rem 0 0;font-size:.8rem}',
  'form{text-align:left}fieldset{border:1px solid var(--line);border-radius:.5rem;margin:1rem 0;padding:.5rem 1rem}',
  // A text that wraps stays beside its box.
  'label{display:block;margin:.5rem 0}small{margin-left:.25rem;color:var(--soft)}fieldset label{padding-left:1.6rem}',
  'fieldset input{margin:0 .6rem 0 -1.6rem}input,button{font:inherit}',
  'input[autocomplete]{width:11rem;margin-left:.5rem}input[autocomplete],button{padding:.4rem 1.2rem;color:inherit;',
  'background:none;border:1px solid var(--soft);border-radius:.5rem}button{margin:.25rem .5rem .25rem 0;cursor:pointer}',
  'button:first-of-type{color:var(--card);background:var(--ink);border-color:var(--ink)}',
].join('');

export function renderCard({ title, body, mark }: Card): string {
  const sign = mark === null ? '' : `<div class="mark ${mark.tone}" aria-hidden="true">${mark.sign}</div>`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${CARD_STYLE}</style></head><body><main>`,
    `${sign}<h1>${escapeHtml(title)}</h1>${body}<p class="name">token-vault</p>`,
    '</main></body></html>',
  ].join('\n');
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
