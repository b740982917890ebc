/** Whom the system takes this process for when it opens something, as an operator is told. */
export function ourUser(): string {
  const id = process.geteuid?.();
  return id === undefined ? 'this user' : `user ${String(id)}`;
}
