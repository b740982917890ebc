import { type Argument, word } from '../../guard/argument.ts';

/**
 * What every command gets before its verb. The environment says most of it, too; each of the two holds
 * when the other is forgotten.
 */
export function globalFlags({ refreshes }: { readonly refreshes: boolean }): readonly Argument[] {
  return refreshes ? FLAGS : [...FLAGS, word('--no-optional-locks')];
}

const FLAGS: readonly Argument[] = [
  word('--no-pager'),
  // A replace ref shows another object under the name that was asked for.
  word('--no-replace-objects'),
  // `:(top)` and `*` are letters of a name.
  word('--literal-pathspecs'),
];
