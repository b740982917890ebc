import type { Profile } from '../../src/adapter/handle.ts';
import { createGitRunner } from '../../src/adapter/process/git-process.ts';
import { word } from '../../src/guard/index.ts';
import { callFor } from './profile.ts';

/** Runs one command in a process of its own, as its environment says. */
const profile: Profile = JSON.parse(process.env['PROFILE'] ?? '');
const args = [word('log'), word('--format=%s'), word('HEAD'), word('--')];
await createGitRunner().run(profile, { args }, callFor(), (piece) => {
  process.stdout.write(piece);
});
process.stdout.write(`DEBUG=${process.env['DEBUG']}\n`);
