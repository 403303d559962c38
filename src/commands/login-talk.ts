import { formatDuration, SECOND } from '../domain/duration.js';
import type { LoginEvent, LoginRequest, LoginTalk } from '../services/contract.js';
import type { Io, LiveLine } from '../ui/io.js';
import { qrCode } from '../ui/qr.js';
import { type Line, recipe, type Ways } from './login-recipe.js';

/** What the person is told while a login goes on. `end` leaves the terminal as it was, however the login ended. */
export interface Conversation {
  readonly talk: LoginTalk;
  end(): void;
}

export function converse(request: LoginRequest, io: Io): Conversation {
  const { pasteOnly, device } = request;
  // Where nobody sits, stdin belongs to someone else; with --paste it was promised to this command.
  const canPaste = !device && (io.interactive || pasteOnly);
  const live = io.live();
  return {
    talk: {
      on: (event) => sayEvent(event, { pasteOnly, canPaste }, io, live),
      pasted: canPaste ? (signal) => io.lines(signal) : null,
    },
    end: () => live.stop(),
  };
}

function sayEvent(event: LoginEvent, ways: Ways, io: Io, live: LiveLine): void {
  switch (event.kind) {
    case 'authorize':
      for (const line of recipe(event, ways)) say(line, io);
      if (event.opened) io.detail(event.url);
      return;
    case 'wrong_paste':
      io.warn(`that does not finish the login: ${event.reason}`, 'yellow');
      return;
    case 'code_received':
      io.say('the browser came back; asking for the tokens', 'dim');
      return;
    case 'account_held':
      io.warn(
        'the login is complete; another process holds the account, and its tokens are stored as soon as that ends. Ctrl-C keeps them sealed beside the vault until the next vault refresh --all or vault login',
      );
      return;
    case 'device_code':
      sayCode(event, io);
      io.say(`waiting for you to allow it there; the code is good for ${left(event.endsAt, io)}`, 'dim');
      return;
    case 'device_wait':
      live.show(
        event.standing === 'pending'
          ? `not finished yet; ${left(event.endsAt, io)} left`
          : `the provider gives no clear answer; asking again, ${left(event.endsAt, io)} left`,
      );
      return;
  }
}

function say({ text, style, address }: Line, io: Io): void {
  if (address === true) io.warn(text, style);
  else io.say(text, style);
}

/** Address and code are always there as text, for a picture helps only those who have a camera (RFC 8628 §3.3.1). */
function sayCode(event: Extract<LoginEvent, { readonly kind: 'device_code' }>, io: Io): void {
  const { userCode, verificationUri, verificationUriComplete } = event;
  const picture = io.canvas === null ? null : qrCode(verificationUriComplete ?? verificationUri, io.canvas);
  if (picture !== null) for (const row of picture) io.say(row, 'lightOnDark');
  io.say(`open this address in a browser on any device${picture === null ? '' : ', or scan the picture'}:`);
  io.warn(verificationUri);
  io.say('and type this code:');
  io.warn(userCode, 'bold');
  if (verificationUriComplete !== null) {
    io.say('or open this one, and see that it shows the same code:');
    io.say(verificationUriComplete);
  }
}

function left(endsAt: number, io: Io): string {
  // What was asked for a moment ago is good for ten minutes, not for nine.
  return formatDuration(Math.ceil((endsAt - io.now()) / SECOND) * SECOND);
}
