import type { BlockList } from 'node:net';

/** From where clients may come. */
export interface AddressRules {
  /** Client addresses that may use the server; absent: all. */
  readonly allow: BlockList | undefined;
  /** Peers whose `X-Forwarded-For` is believed; absent: nobody's. */
  readonly proxies: BlockList | undefined;
}

/** What the front lets through, made once from the options. */
export interface FrontRules {
  /** The one path that speaks MCP. */
  readonly path: string;
  /** Each `Host` that is served, in lower case and with its port as a client writes it. */
  readonly hosts: ReadonlySet<string>;
  /** Each `Origin` that may call from a browser, as browsers write it. Empty: none. */
  readonly origins: ReadonlySet<string>;
  readonly addresses: AddressRules;
  /** Bytes of a request's content at most. */
  readonly bodyBytesMax: number;
  /** Milliseconds in which the content has to have arrived. */
  readonly bodyMs: number;
  /** Milliseconds for which a client may leave what was written to it unread; 30,000 unless told otherwise. */
  readonly unreadMs?: number;
  /** True where clients speak TLS, with us or with the proxy before us. */
  readonly secure: boolean;
}
