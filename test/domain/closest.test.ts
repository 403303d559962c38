import { expect, it } from 'vitest';
import { closest } from '../../src/domain/closest.js';

it.each([
  ['googel', 'google'],
  ['Google', 'google'],
  ['goggle', 'google'],
  ['micosoft', 'microsoft'],
  ['notin', 'notion'],
  ['my-ipd', 'my-idp'],
  ['github', null],
  ['x', null],
  ['', null],
])('%j is completed to %j', (word, meant) => {
  expect(closest(word, ['google', 'microsoft', 'youtube', 'notion', 'my-idp', 'ab'])).toBe(meant);
});
