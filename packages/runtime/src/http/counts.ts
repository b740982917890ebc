/** Adds to what is counted under a key. A key of which nothing is left is forgotten, so that none fill the memory. */
export function addTo(counts: Map<string, number>, key: string, amount: number): void {
  const sum = (counts.get(key) ?? 0) + amount;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
