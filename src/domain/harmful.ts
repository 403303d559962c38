/**
 * What a terminal would act on or a person could not see: controls (escape sequences begin with one), line and
 * paragraph separators, characters that turn the direction of text (Trojan Source, CVE-2021-42574), halves of
 * surrogate pairs, and whatever Unicode says is not shown: zero-width ones, fillers, invisible tags. The two
 * variation selectors of emoji are ordinary text.
 */
export const HARMFUL =
  /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
