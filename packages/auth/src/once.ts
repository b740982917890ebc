/**
 * Makes calls that come while one is under way share that one, so that many callers cause one
 * request.
 */
export function once<Value>(run: () => Promise<Value>): () => Promise<Value> {
  let underWay: Promise<Value> | undefined;
  return () => {
    underWay ??= run().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
