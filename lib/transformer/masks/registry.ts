import type { MaskKind } from '../../model/mask.ts';
import { digits } from './digits.ts';
import { fake } from './fake.ts';
import { hash } from './hash.ts';
import type { Mask } from './mask.ts';
import { jitter, noise, shiftDays } from './noise.ts';
import { fixed, keep, last4, nothing } from './plain.ts';

/** One line for each kind; docs and the contract go by this list. */
export const masks: { readonly [K in MaskKind]: Mask<K> } = {
  keep,
  null: nothing,
  constant: fixed,
  hash,
  digits,
  last4,
  fake,
  noise,
  shift_days: shiftDays,
  jitter,
};
