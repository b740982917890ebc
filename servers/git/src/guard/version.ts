import { GIT_MENDED, GIT_OLDEST } from '../policy.ts';

/** A release of git. What follows the third number (`.windows.1`, `-rc1`, ` (Apple Git-154)`) decides nothing. */
export interface GitVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads what `git version` prints. */
export function parseGitVersion(text: string): GitVersion | undefined {
  const [, major, minor, patch = '0'] =
    /^git version (\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d])/.exec(text) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** Writes a version as `2.39.5`. */
export function textOfVersion({ major, minor, patch }: GitVersion): string {
  return [major, minor, patch].join('.');
}

/** True for a git without something that the profile needs. */
export function isTooOld(version: GitVersion): boolean {
  return compare(version, parse(GIT_OLDEST)) < 0;
}

/**
 * True for a release with holes that are published and mended in a later one.
 *
 * Of a line of releases that the table lists, its mended release counts. A line between two that are
 * listed was mended there or never; that is not known here, so it counts as open. Lines behind the last
 * one began after all was mended.
 */
export function hasKnownHoles(version: GitVersion): boolean {
  const mended = GIT_MENDED.map(parse);
  const own = mended.find(
    (other) => other.major === version.major && other.minor === version.minor,
  );
  if (own !== undefined) return compare(version, own) < 0;
  return mended.some((other) => compare(version, other) < 0);
}

function parse(text: string): GitVersion {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  return { major, minor, patch };
}

function compare(one: GitVersion, other: GitVersion): number {
  return one.major - other.major || one.minor - other.minor || one.patch - other.patch;
}
