/** A configuration that cannot be served. The operator sees one line and the process exits with 2. */
export class ConfigurationProblem extends Error {
  override readonly name = 'ConfigurationProblem';
  /** The option, the variable or the key to mend. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
  }
}
