import { ere, type Ere, type Needle, needle } from '../../src/guard/index.ts';

/** Words of callers, through the same guards as theirs. */
export function needleOf(text: string): Needle {
  return needle.parse(text);
}

export function ereOf(text: string): Ere {
  return ere.parse(text);
}
