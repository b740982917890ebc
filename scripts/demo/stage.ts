/** What the demo prints, and whether everything that it promised came true. */
export interface Stage {
  /** Opens an act: one server. */
  act(title: string): void;
  /** Opens a scene within an act. */
  scene(title: string): void;
  /** Shows a call, and the part of its answer that is worth a look. */
  shows(call: string, answer: string, asExpected: boolean): void;
  /** Shows an attack, the control that met it, and what came of it. */
  meets(control: string, attack: string, outcome: string, held: boolean): void;
  note(text: string): void;
  /** How many steps there were, and how many did not end as promised. */
  score(): { readonly steps: number; readonly failed: number };
}

const COLOUR = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
/** An answer takes a few lines of the screen, not the screen. */
const LINES_MAX = 6;
const CHARACTERS_MAX = 110;

export function createStage(): Stage {
  let steps = 0;
  let failed = 0;
  const count = (held: boolean): string => {
    steps += 1;
    if (!held) failed += 1;
    return held ? green('✓') : red('✗');
  };
  return {
    act: (title) => console.log(`\n${bold(`━━ ${title} ━━`)}`),
    scene: (title) => console.log(`\n${bold(title)}`),
    note: (text) => console.log(dim(indent(text))),
    shows(call, answer, asExpected) {
      console.log(`  ${count(asExpected)} ${call}`);
      console.log(dim(indent(shortened(answer))));
    },
    meets(control, attack, outcome, held) {
      console.log(`  ${count(held)} ${control.padEnd(4)} ${attack}`);
      console.log(dim(indent(shortened(outcome))));
    },
    score: () => ({ steps, failed }),
  };
}

function shortened(text: string): string {
  const lines = text.split('\n').map((line) => cut(line.trimEnd()));
  const rest = lines.length - LINES_MAX;
  return rest > 0
    ? [...lines.slice(0, LINES_MAX), `… ${String(rest)} more lines`].join('\n')
    : lines.join('\n');
}

function cut(line: string): string {
  return line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX)}…` : line;
}

function indent(text: string): string {
  return text.replace(/^/gm, '      ');
}

const bold = painted(1);
const dim = painted(2);
const green = painted(32);
const red = painted(31);

function painted(code: number): (text: string) => string {
  return (text) => (COLOUR ? `\u{1B}[${String(code)}m${text}\u{1B}[0m` : text);
}
