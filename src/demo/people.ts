/** Who can log in at the demo server. */
export interface Person {
  readonly key: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string;
}

export const PEOPLE: readonly Person[] = [
  { key: 'ada', subject: 'demo-1815', name: 'Ada Lovelace', email: 'ada@example.com' },
  { key: 'grace', subject: 'demo-1906', name: 'Grace Hopper', email: 'grace@example.com' },
];

/** The scopes on offer, each with the words on the consent page. */
export const SCOPES: Readonly<Record<string, string>> = {
  openid: 'know who you are',
  email: 'see your e-mail address',
  profile: 'see your name',
  offline_access: 'stay connected while you are away',
  'notes.read': 'read your notes',
  'notes.write': 'change your notes',
};
