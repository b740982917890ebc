import { isRefFormat } from '../ref-format.ts';
import type { ConfigKey } from './config-key.ts';

/**
 * The settings of a repository that our own configuration takes over: those without which git would read
 * the same files as something else. Each value is read and written anew, so that what git gets is one of
 * ours; whatever stands in no table here stays out, whether anybody has heard of it or not.
 */

/** Reads a value, or says undefined for one that is none. A key without a value has `undefined`. */
type ReadValue = (value: string | undefined, key: ConfigKey) => string | undefined;

const TRUE = /^(?:true|yes|on|1)$/i;
const FALSE = /^(?:false|no|off|0|)$/i;

/** Reads a switch as git does: without a value it is on, and empty it is off. */
export function parseSwitch(value: string | undefined): boolean | undefined {
  if (value === undefined || TRUE.test(value)) return true;
  return FALSE.test(value) ? false : undefined;
}

function aSwitch(value: string | undefined): string | undefined {
  const on = parseSwitch(value);
  return on === undefined ? undefined : String(on);
}

function oneOf(...choices: readonly string[]): ReadValue {
  return (value) => choices.find((choice) => choice === value?.toLowerCase());
}

const orInput: ReadValue = (value) => aSwitch(value) ?? oneOf('input')(value, NO_KEY);
const NO_KEY: ConfigKey = { section: '', subsection: undefined, name: '' };

/** A remote by its name. By its URL it could hold a password, and no branch follows it. */
function isRemote(name: string | undefined): name is string {
  return name === '.' || (name !== undefined && /^[^-]/.test(name) && isRefFormat(name));
}

const remoteOfBranch: ReadValue = (value, { subsection }) =>
  isRemote(value) && isRefFormat(subsection ?? '') ? value : undefined;

const mergeOfBranch: ReadValue = (value, { subsection }) =>
  value?.startsWith('refs/') === true && isRefFormat(value) && isRefFormat(subsection ?? '')
    ? value
    : undefined;

/** `+refs/heads/*:refs/remotes/origin/*`, with one star on both sides or on none. */
const fetchOfRemote: ReadValue = (value, { subsection }) => {
  const sides = value?.replace(/^\+/, '').split(':') ?? [];
  const stars = new Set(sides.map((side) => side.split('*').length - 1));
  const isRefspec =
    sides.length === 2 &&
    stars.size === 1 &&
    !stars.has(2) &&
    sides.every((side) => side.startsWith('refs/') && isRefFormat(side.replace('*', 'x')));
  return isRefspec && isRemote(subsection) ? value : undefined;
};

const KEPT: Readonly<Record<string, ReadValue>> = {
  'core.repositoryformatversion': oneOf('0', '1'),
  'extensions.objectformat': oneOf('sha1', 'sha256'),
  'extensions.refstorage': oneOf('files', 'reftable'),
  'core.filemode': aSwitch,
  'core.ignorecase': aSwitch,
  'core.precomposeunicode': aSwitch,
  'core.symlinks': aSwitch,
  'core.autocrlf': orInput,
  'core.eol': oneOf('lf', 'crlf', 'native'),
  'core.checkstat': oneOf('default', 'minimal'),
  'core.trustctime': aSwitch,
  'core.sparsecheckout': aSwitch,
  'core.sparsecheckoutcone': aSwitch,
  'branch.*.remote': remoteOfBranch,
  'branch.*.merge': mergeOfBranch,
  'remote.*.fetch': fetchOfRemote,
};

/** The value that a key gets in our configuration, or undefined when it stays out. */
export function keptValue(key: ConfigKey, value: string | undefined): string | undefined {
  const pattern = patternOf(key);
  return Object.hasOwn(KEPT, pattern) ? KEPT[pattern]?.(value, key) : undefined;
}

/** The key with a star for its subsection: how all tables write it. */
export function patternOf({ section, subsection, name }: ConfigKey): string {
  return subsection === undefined ? `${section}.${name}` : `${section}.*.${name}`;
}
