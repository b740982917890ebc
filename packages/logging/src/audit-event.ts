/** How a call ended, for whoever reads the trail: let through, refused, held back by a limit, or broken. */
export type Outcome = 'allow' | 'deny' | 'limit' | 'error';

/** What is known of the request behind an event. Every text is escaped and cut before it gets here. */
export interface AuditedRequest {
  readonly method: string;
  /** The tool, resource or prompt, when its name is one of ours; never an unknown name as the caller wrote it. */
  readonly name?: string;
  readonly protocol_version?: string;
  readonly client?: string;
}

/** What was touched, in the server's own terms. Never a path of the host. */
export interface AuditedTarget {
  readonly kind: string;
  readonly name: string;
}

/** An argument's shape. The value itself is kept only for numbers, booleans and names of our own. */
export type AuditedArgument =
  | { readonly type: 'number' | 'boolean' | 'choice'; readonly value: number | boolean | string }
  | { readonly type: 'string'; readonly length: number; readonly hmac: string }
  | { readonly type: 'array' | 'object'; readonly length: number }
  | { readonly type: 'null' };

export interface AuditedOutput {
  readonly bytes: number;
  readonly redacted: number;
  readonly escaped: number;
}

export interface ServerEvent {
  readonly type: 'server.start' | 'server.stop';
  readonly outcome: Outcome;
  readonly reason?: string;
  /** What was served: the digest of the lock. */
  readonly tools_digest?: string;
}

/** A message that never became a call: not JSON, too long, two meanings. */
export interface InputEvent {
  readonly type: 'input.invalid';
  readonly outcome: 'deny';
  readonly reason: string;
  readonly transport: 'stdio' | 'http';
}

export interface CallEvent {
  readonly type:
    | 'tool.call'
    /** A call that changes something is about to do it. */
    | 'tool.start'
    | 'tool.list'
    | 'resource.read'
    | 'resource.list'
    | 'resource.complete'
    | 'prompt.get'
    | 'prompt.list'
    | 'prompt.complete'
    | 'confirm.requested'
    | 'confirm.approved';
  readonly outcome: Outcome;
  /** The refusal's code. */
  readonly reason?: string;
  /** Why, in words that the caller does not see. */
  readonly detail?: string;
  /** What the caller was given to name an internal error. */
  readonly error_ref?: string;
  readonly transport: 'stdio' | 'http';
  readonly principal: string;
  /** Over HTTP only. */
  readonly source?: AuditedSource;
  readonly request: AuditedRequest;
  readonly targets?: readonly AuditedTarget[];
  readonly args?: Readonly<Record<string, AuditedArgument>>;
  readonly output?: AuditedOutput;
  readonly duration_ms: number;
}

/** Where a request over HTTP came from, and what proved who it is. */
export interface AuditedSource {
  readonly address: string;
  /** True when a trusted proxy named the address. */
  readonly forwarded?: boolean;
  readonly method?: string;
  /** A token's id, an API key's id or a certificate's thumbprint: never a credential. */
  readonly credential?: string;
}

/** A request that the HTTP front refused, or the credential that it did not accept. */
export interface HttpEvent {
  readonly type: 'http.refused' | 'auth.failure' | 'auth.scope' | 'ratelimit.hit';
  readonly outcome: Outcome;
  readonly reason: string;
  readonly detail?: string;
  readonly status: number;
  readonly transport: 'http';
  readonly source: AuditedSource;
  readonly principal?: string;
  /** What the caller was given to name an internal error. */
  readonly error_ref?: string;
  /** Refusals alike that were not recorded since the last one that was: a flood must not fill the disk. */
  readonly left_out?: number;
}

/**
 * Refusals of one type that no other record tells of: of origins that were forgotten in a flood, or
 * not recorded when the server ended.
 */
export interface LeftOutEvent {
  readonly type: 'refusals.left_out';
  readonly outcome: 'deny' | 'limit';
  /** The type that they would have been recorded as. */
  readonly reason: HttpEvent['type'];
  readonly transport: 'http';
  readonly left_out: number;
}

/** A stream of notifications that a caller opened, or that ended before the caller ended it. */
export interface StreamEvent {
  readonly type: 'subscribe.open' | 'subscribe.close' | 'subscribe.denied';
  readonly outcome: Outcome;
  readonly reason?: string;
  readonly transport: 'http';
  readonly principal: string;
  readonly source: AuditedSource;
}

/** Keys, certificates, policy or revocations were read again. */
export interface ReloadEvent {
  readonly type: 'config.reload' | 'config.reload_failed';
  readonly outcome: Outcome;
  /** The option that names the file. */
  readonly what: string;
  readonly reason?: string;
  /** Requests under way that were ended by it. */
  readonly ended?: number;
  /** Revocations that another replica told, and that were not known here. */
  readonly heard?: number;
}

/** The store that replicas share does not answer, or answers again. */
export interface StoreEvent {
  readonly type: 'store.down' | 'store.up';
  readonly outcome: Outcome;
  readonly reason?: string;
}

/** Tool definitions differ from the reviewed ones. */
export interface LockEvent {
  readonly type: 'tools_lock.mismatch';
  readonly outcome: 'deny';
  readonly reason: string;
}

export type AuditEvent =
  | ServerEvent
  | InputEvent
  | CallEvent
  | HttpEvent
  | LeftOutEvent
  | StreamEvent
  | ReloadEvent
  | StoreEvent
  | LockEvent;
