/** A value made from files, and made again when they change. */
export interface Watched<Value> {
  /** The last value that was valid. */
  readonly current: Value;
  /** False while the files hold something invalid: `/readyz` fails then. */
  readonly healthy: boolean;
  /** Called after each change with the new and the former value. Gives back how to stop. */
  onChange(listener: (current: Value, former: Value) => void): () => void;
  /** Reads the files now; SIGHUP does. Resolves when the value is settled. */
  reload(): Promise<void>;
  close(): void;
}

export interface WatchOptions<Value> {
  /** What the operator calls it: the option, such as `--policy`. */
  readonly what: string;
  /** All files that it is made of: they are read together, and a change of any makes it anew. */
  readonly paths: readonly string[];
  /** The option of each path, where it is not `what` that names all. */
  readonly names?: readonly string[];
  /** Those of the paths that hold a secret, such as a key: others may not even read them. */
  readonly secretPaths?: readonly string[];
  /** Parses and validates. What it throws makes the change void. */
  parse(contents: readonly Uint8Array[]): Value | Promise<Value>;
  /** Told of each change; the front audits it and logs it. */
  readonly onReloaded: (what: string) => void;
  /** Told of each invalid change once. The reason holds no content of the file. */
  readonly onFailed: (what: string, reason: string) => void;
}
