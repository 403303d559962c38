/**
 * For providers that compare the redirect URI exactly, so that it has to have one port. Outside the range from which systems hand
 * out ports.
 */
export const FIXED_PORT = 17_890;
