import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Answers one request of a resource server. */
export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** An issuer that answers as a test wants it to: what no real one can be made to do. */
export interface OddIssuer {
  readonly issuer: string;
  /** What is answered at a path from now on; 404 where nothing is set. */
  answer(path: string, answer: Answer): void;
  /** How often a path was asked for. */
  asked(path: string): number;
  close(): Promise<void>;
}

export async function startOddIssuer(): Promise<OddIssuer> {
  const answers = new Map<string, Answer>();
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers.get(path) ?? nothing;
      answer(request, response, Buffer.concat(chunks).toString('utf8'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    issuer: `http://127.0.0.1:${String(address.port)}`,
    answer: (path, answer) => void answers.set(path, answer),
    asked: (path) => counts.get(path) ?? 0,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** An answer of JSON. */
export function json(value: unknown, type = 'application/json'): Answer {
  return (_request, response) => {
    response.setHeader('content-type', type);
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end('{}');
  };
}

/** Begins to answer, and never ends. */
export const silence: Answer = (_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.write('{');
};

/** JSON without an end, as long as somebody reads. */
export const flood: Answer = (_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.write('{"keys":["');
  const more = () => {
    while (!response.destroyed && response.write('a'.repeat(65_536)));
  };
  response.on('drain', more);
  more();
};

const nothing = status(404);
