/**
 * The hostile repositories of the test kit whose own files lead out of them. All others are read, with
 * the trap disarmed.
 */
export const REFUSED: readonly string[] = [
  'alternates-chain',
  'alternates-outside',
  'alternates-relative',
  'commondir-outside',
  'config-symlink',
  'fan-out-symlink',
  'git-directory-symlink',
  'gitfile-outside',
  'info-attributes-symlink',
  'info-exclude-symlink',
  'logs-symlink',
  'loose-object-symlink',
  'objects-symlink',
  'pack-directory-symlink',
  'pack-symlink',
  'packed-refs-symlink',
  'ref-symlink',
  'refs-symlink',
  'reftable-outside',
  'shallow-symlink',
  'stash-of-another',
];
