import type { McpServer } from '@modelcontextprotocol/server';

/**
 * Spares the stack of the error that the SDK makes of every end of a connection. Here a connection is
 * one request, and its end after the answer is no error: nobody ever reads that stack, and to walk it
 * costs a thirtieth of the time that a request takes.
 */
export function endQuietly(mcp: McpServer): McpServer {
  const { server } = mcp;
  const connect = server.connect.bind(server);
  server.connect = async (transport) => {
    let answered = false;
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      answered ||= 'result' in message || 'error' in message;
      return send(message, options);
    };
    await connect(transport);
    const { onclose } = transport;
    transport.onclose = () => {
      const { stackTraceLimit } = Error;
      if (answered) Error.stackTraceLimit = 0;
      try {
        onclose?.();
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    };
  };
  return mcp;
}
