/** `1 account`, `3 accounts`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** `once`, `3 times in a row` */
export function timesInARow(number: number): string {
  return number === 1 ? 'once' : `${number} times in a row`;
}
