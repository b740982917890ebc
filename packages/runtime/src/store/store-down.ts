/** The store cannot tell now. Whoever asked does nothing then. */
export class StoreDown extends Error {
  override readonly name = 'StoreDown';
}
