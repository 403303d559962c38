/** A text in which commands of this program stand, as they have to be typed here. */
export type Again = (text: string) => string;

export const asItStands: Again = (text) => text;

/**
 * Whoever has named a profile on the command line has to name it again in what they are told to type, or it is about
 * another vault.
 *
 * @param commands the names of all commands: in "the vault is ready" nothing is to be typed
 */
export function inProfile(profile: string, commands: readonly string[]): Again {
  // Others are refused as profiles, and would mean something to a shell.
  if (!/^[A-Za-z0-9._-]+$/.test(profile)) return asItStands;
  const command = new RegExp(`(?<!\\b(?:the|this|a|your) )\\bvault (?=(?:${commands.join('|')})\\b)`, 'g');
  return (text) => text.replace(command, `vault --profile ${profile} `);
}
