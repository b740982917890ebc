/**
 * The program of the demonstration's own image; see docker/README.md.
 *
 * `serve --issuer URL [--resource URL=SCOPES]...` is an authorization server for these resources,
 * `certificates DIRECTORY` makes all that is secret, and `health` says whether `serve` answers.
 */
import { answers, serve } from './serve.ts';
import { ensureSecrets } from './secrets.ts';

const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'serve':
    await serve(args);
    break;
  case 'certificates':
    ensureSecrets(args[0] ?? '/secrets');
    break;
  case 'health':
    process.exitCode = (await answers()) ? 0 : 1;
    break;
  default:
    console.error('one of: serve, certificates, health');
    process.exitCode = 2;
}
