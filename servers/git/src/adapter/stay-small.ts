/**
 * Keeps V8 from taking memory that this server does not need, further than the runtime does for all.
 * Most of what V8 takes would be garbage that waits: 170 MB after some hundred answers, of which 15 MB
 * are in use. V8 gives pages back to the system late or never, so they must not be taken first; and every
 * process of git that is started costs more the larger this one is.
 *
 * It has to run before the other modules are evaluated, which is when the room for young objects grows
 * first, so it is the first import of the program.
 */
import { setFlagsFromString } from 'node:v8';

/** From here on V8's middle compiler, Maglev, is on. */
const HAS_MAGLEV = Number.parseInt(process.versions.node, 10) >= 24;

// V8 doubles the room for young objects whenever many of them live, as while modules are evaluated.
setFlagsFromString('--semi-space-growth-factor=1');
// Collects old garbage when there are some MB of it. V8 waits for two to four times of what is in use.
setFlagsFromString('--optimize-for-size');
// And rather at two MB of it than at a third of what is in use.
setFlagsFromString('--heap-growing-percent=10');
// The compiler for long loops takes 8 MB when it is first used.
if (HAS_MAGLEV) setFlagsFromString('--no-turbofan');
// So does the one below it: the code that it makes, what it needs to take that back, the room that it
// works in on each thread, and itself. git does most of the work; a call that reads much here, such as a
// page of history, takes about a tenth longer without.
if (HAS_MAGLEV) setFlagsFromString('--no-maglev');
