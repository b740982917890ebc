import type { Socket } from 'node:net';

import { LIMITS } from '../../policy.ts';

/** Counts what comes over a connection, and ends the connection when it is too much. */
export interface Meter {
  /** Starts the count of one call anew. */
  start(bytesMax: number): void;
  /** Counts the cells of one row. */
  countRow(cells: number): void;
  /** True when this is why the connection ended. */
  readonly isOver: boolean;
}

/** What a server may say before anybody has asked it anything. */
const GREETING_BYTES_MAX = 65_536;

/**
 * The only bound that one huge value meets. A limit of rows does not help against a single cell of a
 * gigabyte, which PostgreSQL sends as one message and a driver collects before anybody sees it.
 *
 * It has to listen before the driver does.
 */
export function meter(socket: Socket): Meter {
  let left = GREETING_BYTES_MAX;
  let cellsLeft = 0;
  let isOver = false;
  const endWhenOver = (): void => {
    if ((left >= 0 && cellsLeft >= 0) || isOver) return;
    isOver = true;
    // Unread bytes make this a reset, so the server's process ends as well.
    socket.destroy();
  };
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    endWhenOver();
  });
  return {
    start(bytesMax) {
      left = bytesMax;
      cellsLeft = LIMITS.wireCellsMax;
    },
    countRow(cells) {
      cellsLeft -= cells;
      endWhenOver();
    },
    get isOver() {
      return isOver;
    },
  };
}
