import type { GitCommand, GitEnded, Profile, Run, Sink } from '../handle.ts';

/** Runs one command of git under the signal and the deadline that it was made for. */
export type RunGit = (profile: Profile, command: GitCommand, sink: Sink) => Promise<GitEnded>;

/** The process layer, as this part needs it. */
export type RunGitFor = (run: Run) => RunGit;
