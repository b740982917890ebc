/** What one hostile repository is made of, and what it is measured by. */
export interface HostilePlace {
  /** A copy of the ordinary repository, to be armed. */
  readonly repository: string;
  /** A directory outside of the repository, for what the trap leads to. */
  readonly outside: string;
  readonly canary: Canary;
  /** A text that stands only outside of the repository. */
  readonly marker: string;
}

/** How code that runs is noticed. */
export interface Canary {
  /** The file that appears. */
  readonly file: string;
  /** A line for a shell that makes it appear. */
  readonly command: string;
  /** A program that makes it appear, whatever it is called with. */
  readonly script: string;
}

/** What plain git does with a trap; `nothing` where it knows to ignore it, and so must we. */
export type Bite =
  'executes' | 'reads outside' | 'writes' | 'hides' | 'hangs' | 'exhausts' | 'forges' | 'nothing';

/** One way in which a repository attacks whoever reads it with plain git. */
export interface HostileVector {
  /** In kebab-case; the name of its directory. */
  readonly name: string;
  /** The mechanism of git that it abuses, in words. */
  readonly row: string;
  readonly bites: Bite;
  /** Arms the copy of the ordinary repository that stands in `place.repository`. */
  build(place: HostilePlace): void;
  /** The commands of plain git (argument vectors, started in the repository) that each set it off. */
  readonly naive: readonly (readonly string[])[];
  /** The first and the last version of git that it bites, where not all since 2.39 do. */
  readonly since?: string;
  readonly until?: string;
  /** `forges`: a text that plain git prints, and prints only because of the trap. */
  readonly forged?: string;
  /** `hides`: a text that plain git prints for the ordinary repository, and not for this one. */
  readonly hidden?: string;
  /** `writes`: the file that appears, relative to the repository. */
  readonly written?: string;
  /** It bites only where standard output is a terminal. */
  readonly terminal?: true;
}
