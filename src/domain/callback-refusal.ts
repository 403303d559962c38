/** Why the login listener refused a request. A browser's favicon request and a reloaded page do not count. */
export type CallbackRefusal =
  | 'wrong_state'
  | 'too_many_wrong_states'
  | 'wrong_host'
  | 'malformed'
  /** A connection of another user of this machine. */
  | 'other_user'
  /** The right state without the cookie that the start page has set. */
  | 'wrong_browser'
  /** The start page once more, without its cookie. */
  | 'second_visit'
  /** The start page, on a connection that closed before its user was known. */
  | 'hung_up';
