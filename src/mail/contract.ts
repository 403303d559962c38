import type { Secret } from '../domain/secret.js';
import type { MailConnection } from '../system/mail-connection.js';

export const MECHANISMS = ['OAUTHBEARER', 'XOAUTH2'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** What a server answered. Its text is as it came: not safe to print, and it may repeat what was sent. */
export interface MailAnswer {
  /** `temporary`: the server says that it cannot just now. */
  readonly kind: 'ok' | 'refused' | 'temporary';
  readonly text: string;
}

/** How a server begins. */
export type Greeting =
  /** @property mechanisms as the server names them */
  | { readonly kind: 'ready'; readonly mechanisms: readonly string[]; readonly oneStep: boolean }
  | { readonly kind: 'no_starttls' }
  /** It speaks another protocol. */
  | { readonly kind: 'foreign' }
  | MailAnswer;

/** The answer to a token. */
export interface LoginAnswer extends MailAnswer {
  /** The scopes that the server names when it refuses a token (RFC 7628 §3.2.2). */
  readonly scopes: readonly string[];
}

/** A protocol of mail: the part of its conversation that every mail client begins with. */
export interface MailProtocol {
  readonly title: string;
  /** Reads the greeting, begins TLS where it has not begun, and asks for what the server supports. */
  greet(connection: MailConnection, startTls: boolean): Promise<Greeting>;
  /** @param oneStep whether the server takes the response in the line of the command */
  logIn(
    connection: MailConnection,
    mechanism: Mechanism,
    response: Secret,
    oneStep: boolean,
  ): Promise<LoginAnswer>;
  /** A command that only works for a user who has a mailbox here, and that changes nothing. */
  use(connection: MailConnection, mailbox: string): Promise<MailAnswer>;
  /** Says goodbye, without waiting for the answer. */
  leave(connection: MailConnection): void;
}
