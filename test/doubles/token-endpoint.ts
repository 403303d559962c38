import { type Answer, json } from './local-server.js';

/** Answers request after request with the next of these; the last one goes on for ever. */
export function inTurn(...answers: readonly [Answer, ...Answer[]]): Answer {
  let next = 0;
  return (response, request) => {
    const answer = answers[Math.min(next, answers.length - 1)] ?? answers[0];
    next += 1;
    answer(response, request);
  };
}

/** A good answer to a refresh, with a refresh token that replaces the one sent. */
export function renewed(members: Readonly<Record<string, unknown>> = {}): Answer {
  const usual = { access_token: 'access-token-renewed', refresh_token: 'refresh-token-renewed' };
  return json(200, { token_type: 'Bearer', expires_in: 3_600, ...usual, ...members });
}

export function oauthError(
  error: string,
  status = 400,
  more: Readonly<Record<string, unknown>> = {},
): Answer {
  return json(status, { error, ...more });
}

export const htmlPage: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!doctype html><title>Hotel Wi-Fi</title>');
};

/** The connection breaks off without a word. */
export const dropped: Answer = (response) => void response.destroy();
