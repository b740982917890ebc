/** Makes a line: what is given to it is done one after the other, whether the one before succeeds or not. */
export function createTurns(): <Value>(act: () => Promise<Value>) => Promise<Value> {
  let turn: Promise<unknown> = Promise.resolve();
  return (act) => {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  };
}
