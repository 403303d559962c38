/** As in package.json; a test keeps the two the same. Written out so that no command reads a file to know it. */
export const VERSION = '0.1.0';

/** The day of that version, for the manual. */
export const RELEASED = '2026-12-01';
