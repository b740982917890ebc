/** The client went away: nobody is left to be answered. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}
