import { expect, it } from 'vitest';
import { descendantsIn } from '../../src/system/processes/descendants.js';

it('finds children and their children, and neither itself, its parents nor orphans', () => {
  const parentOf = new Map([
    [1, 0],
    [10, 1],
    [20, 10],
    [21, 10],
    [30, 20],
    [40, 1],
  ]);
  expect(descendantsIn(parentOf, 10)).toEqual([20, 21, 30]);
});

it('ends where two processes seem to descend from each other', () => {
  const parentOf = new Map([
    [1, 2],
    [2, 1],
  ]);
  expect(descendantsIn(parentOf, 10)).toEqual([]);
});
