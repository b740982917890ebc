/** A configuration that cannot be served. The operator sees one line and the process exits with 2. */
export class ConfigurationProblem extends Error {
  override readonly name = 'ConfigurationProblem';
  /** The option, the variable or the key to mend. */
  readonly field: string;
  /** True when finding it out left a thread inside a system call that does not return. */
  readonly hangs: boolean;

  constructor(field: string, problem: string, { hangs = false } = {}) {
    super(`${field}: ${problem}`);
    this.field = field;
    this.hangs = hangs;
  }
}
