import { createRequire } from 'node:module';

/** Two modules on each side; four are the rule (ISO/IEC 18004), but two are enough for cameras. */
const BORDER = 2;
/** More would need a larger picture than any terminal shows, so it is not even tried. */
const LONGEST_TEXT = 512;

/**
 * Draws a QR code with half blocks, two rows of modules in one line, as light on dark.
 *
 * Loads uqr; it is required and not imported because printing does not wait.
 *
 * @param columns how wide the picture may be
 * @returns null when it would be wider
 */
export function qrCode(text: string, columns: number): readonly string[] | null {
  if (text.length > LONGEST_TEXT) return null;
  const { renderUnicodeCompact } = createRequire(import.meta.url)('uqr') as typeof import('uqr');
  const lines = renderUnicodeCompact(text, { border: BORDER, ecc: 'L' }).split('\n');
  return (lines[0]?.length ?? 0) <= columns ? lines : null;
}
