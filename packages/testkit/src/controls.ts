/**
 * The checklist as data. Tests cite a promise with `verifies()`, the documentation is generated from
 * it, and a promise that no test cites fails the build.
 */

export const SERVERS = ['filesystem', 'postgres', 'git'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface Control {
  readonly title: string;
  readonly threat: string;
  /** Where the demand comes from. */
  readonly sources: readonly string[];
  /** The page that explains it. */
  readonly pattern?: string;
  /** The files that implement it. */
  readonly code: readonly string[];
  /** What holds, in sentences that a test can fail. */
  readonly promises: Readonly<Record<string, string>>;
  /** Why a server does not demonstrate it: it has no need of it, or it comes later. */
  readonly absent?: Partial<Readonly<Record<ServerName | 'all', string>>>;
}

const NOTHING_KEPT =
  'Nothing that is read is kept: no cache of contents, no temporary file. Audit records hold no values (C9).';

export const CONTROLS = {
  C1: {
    title: 'Strict input schemas',
    threat:
      'Arguments that nobody expected reach code that trusts them; a refusal repeats the attacker’s text to the model.',
    sources: [
      'CWE-20',
      'MCP server/tools: servers MUST validate all tool inputs',
      'OWASP MCP Security Cheat Sheet §2',
      'RFC 7493',
    ],
    pattern: 'patterns/c01-strict-schemas.md',
    code: [
      'packages/validation/src/schema.ts',
      'packages/validation/src/json.ts',
      'packages/runtime/src/mcp/message.ts',
    ],
    promises: {
      'C1.strict':
        'An unknown field, a wrong type and a value out of bounds are refused before the tool runs.',
      'C1.no-echo': 'A refusal repeats neither a key nor a value of the caller.',
      'C1.bounds':
        'Every string and list of a tool’s input has a ceiling, every number is an exact integer in a range, and every object is closed.',
      'C1.one-meaning': 'JSON that two parsers could read differently is refused.',
      'C1.messages':
        'A line that is not one JSON-RPC message gets one error, and the next line is served.',
    },
  },
  C2: {
    title: 'Parameterised operations',
    threat: 'Text becomes code: SQL, an argument vector, a pattern.',
    sources: ['CWE-88', 'CWE-89', 'CWE-78', 'OWASP MCP05', 'OWASP SQL Injection Prevention'],
    pattern: 'patterns/c02-statements.md',
    code: [
      'servers/postgres/src/guard/sql',
      'servers/postgres/src/guard/identifier.ts',
      'servers/postgres/src/guard/browse.ts',
      'servers/postgres/src/adapter/session',
      'servers/git/src/guard/argument.ts',
      'servers/git/src/guard/revision.ts',
      'servers/git/src/guard/ere.ts',
    ],
    promises: {
      'C2.statement':
        'Exactly one statement runs, and only one that reads: the guard and the server see the same statement.',
      'C2.unclassified':
        'A construct, a function or a type that nobody has classified is refused, not let through.',
      'C2.parameters': 'A value travels apart from the statement, whatever it holds.',
      'C2.identifiers': 'A name from a caller is looked up and quoted, never pasted.',
      'C2.one-trip': 'All layers of the defence cost one round trip.',
      'C2.arguments':
        'No text of a caller reaches a command as an option, a revision or a second path: it runs nothing, writes nothing and reads nothing else.',
      'C2.words':
        'A command is made of words that only the guard can make: a string does not compile.',
      'C2.expressions':
        'An expression that would make the system’s engine hang or fill the memory is refused before it gets there.',
    },
    absent: {
      filesystem: 'Starts no command and builds no query; names are opened one by one (C3).',
    },
  },
  C3: {
    title: 'Paths and URIs confined',
    threat: 'A path, a link or a race leads a read out of the directories that the operator named.',
    sources: [
      'CWE-22',
      'CWE-59',
      'CWE-367',
      'CVE-2025-53109',
      'CVE-2025-53110',
      'MCP server/resources: MUST validate URIs',
    ],
    pattern: 'patterns/c03-paths-confined.md',
    code: [
      'servers/filesystem/src/guard/path.ts',
      'servers/filesystem/src/guard/uri.ts',
      'servers/filesystem/src/adapter/walk/walk.ts',
      'servers/filesystem/src/adapter/walk/descriptor.ts',
      'servers/filesystem/src/adapter/walk/portable.ts',
      'servers/git/src/adapter/repository/layout.ts',
      'servers/git/src/guard/layout',
    ],
    promises: {
      'C3.words':
        'Traversal, absolute paths, siblings that share a prefix and malformed names are refused.',
      'C3.links':
        'A link that leads outside is refused like a missing file; one that stays inside works.',
      'C3.race':
        'Swapping a directory and a link as fast as the kernel allows leads no operation outside.',
      'C3.kernel': 'The walk decides as the kernel’s own RESOLVE_BENEATH does.',
      'C3.hard-links': 'A file with another name is read only as the operator’s policy says.',
      'C3.special': 'Devices, pipes, sockets and kernel file systems are never opened.',
      'C3.uris': 'A resource URI is decoded once and confined as a path is.',
      'C3.relations':
        'A statement reaches only relations that exist for its caller, by whatever name, view or partition.',
      'C3.repository':
        'No link, redirection, alternate or index entry of a repository leads a read out of the root.',
      'C3.trusted':
        'An adapter cannot be called with a string that no guard has seen: it does not compile.',
    },
  },
  C4: {
    title: 'Authentication for HTTP',
    threat: 'Anyone who reaches the port is served.',
    sources: [
      'MCP basic/authorization',
      'RFC 9728',
      'RFC 9068',
      'RFC 8725',
      'RFC 7662',
      'OWASP ASVS 10',
    ],
    pattern: 'patterns/c04-authentication.md',
    code: [
      'packages/auth/src/authenticator.ts',
      'packages/auth/src/authorization-header.ts',
      'packages/auth/src/jwt',
      'packages/auth/src/introspection',
      'packages/auth/src/api-keys',
      'packages/runtime/src/http/steps/authenticate.ts',
    ],
    promises: {
      'C4.required':
        'Over HTTP nothing but health and metadata is answered without a credential, taken from one header in one form; what is wrong with one is told to the trail alone.',
      'C4.jwt':
        'A JWT counts in its one canonical form, signed by a key of its issuer’s, for this server, in its time; nothing in it chooses how it is verified.',
      'C4.issuer-keys':
        'Keys of an issuer are fetched from where the operator says, kept for a time, and never in a flood; without them nobody is let in.',
      'C4.introspection':
        'A token that its issuer is asked about counts while the issuer says so; an issuer that does not answer lets nobody in.',
      'C4.keys':
        'An API key is shown once and kept as a hash; it counts while its entry says so, and a raw key in the file is refused.',
      'C4.discovery':
        'A client that knows the URL alone finds the authorization server, signs in, and calls.',
      'C4.not-passed-on': 'A credential reaches no tool, no answer, no log and no record.',
    },
  },
  C5: {
    title: 'TLS',
    threat: 'Requests, rows and credentials can be read and changed on the way.',
    sources: ['RFC 9325', 'OWASP ASVS 12'],
    pattern: 'patterns/c05-tls.md',
    code: [
      'packages/runtime/src/http/tls.ts',
      'packages/runtime/src/http/bind.ts',
      'servers/postgres/src/guard/dsn.ts',
    ],
    promises: {
      'C5.tls':
        'Clients are spoken to over TLS 1.3, or 1.2 where the operator says so, and never below.',
      'C5.bind':
        'Beyond loopback nothing is served without TLS or a named proxy that ends it, and nothing without authentication.',
      'C5.database-tls':
        'A database on any host but this one is spoken to over TLS with its name verified, or not at all.',
    },
  },
  C6: {
    title: 'Least privilege',
    threat: 'A caller, or whoever steers it, uses rights that the task never needed.',
    sources: [
      'CWE-250',
      'CWE-269',
      'OWASP MCP Security Cheat Sheet §1',
      'MCP security best practices: Scope Minimization',
    ],
    pattern: 'patterns/c06-least-privilege.md',
    code: [
      'servers/filesystem/src/policy.ts',
      'servers/filesystem/src/adapter/deny.ts',
      'packages/validation/src/roots.ts',
      'packages/auth/src/grant.ts',
      'servers/git/src/policy.ts',
      'servers/git/src/guard/layout/config-entry.ts',
      'servers/git/src/adapter/repository',
      'docker/Dockerfile',
      'docker/seccomp.json',
      'packages/testkit/src/containers/hardened.ts',
    ],
    promises: {
      'C6.read-only':
        'Nothing beneath a root changes, whatever is called, and no tool that writes is listed.',
      'C6.denied-names':
        'Names that hold credentials by convention are never opened, in any case, by any path or link.',
      'C6.roots':
        'The root of a system, a home directory and kernel file systems are not served by a slip.',
      'C6.configuration':
        'A configuration that is not understood stops the start; nothing is served in a weaker mode.',
      'C6.posture':
        'A role that could do more than read is refused, or served only when the operator says so.',
      'C6.session':
        'Nothing that a call leaves in its session meets the next call: no setting, lock, listener or role.',
      'C6.travelling':
        'No setting, hook, filter or driver that a repository carries is run or followed, and reading changes nothing in it.',
      'C6.binary':
        'The program that runs is the one that the operator named, or the first on an absolute entry of PATH: never one of the working directory.',
      'C6.calls': 'A system call that no server needs is refused by the kernel.',
      'C6.permission':
        'A server works under Node’s permission model, which refuses the process what lies outside of it.',
      'C6.workers': 'What reads files has no environment and no protocol stream.',
      'C6.container':
        'In its container a server has no capability, no other program and no place to write but its data; it is nobody there, and on stdio no port is open.',
    },
  },
  C7: {
    title: 'Authorization per tool',
    threat: 'Whoever may call one tool may call all.',
    sources: ['OWASP ASVS 8.2', 'OWASP MCP07', 'CWE-862', 'RFC 6750'],
    pattern: 'patterns/c07-authorization.md',
    code: [
      'packages/auth/src/grant.ts',
      'packages/auth/src/scopes.ts',
      'packages/runtime/src/call/dispatch.ts',
      'packages/runtime/src/http/authorize.ts',
      'packages/runtime/src/http/callers.ts',
    ],
    promises: {
      'C7.policy':
        'A caller may use the tools and resources that the policy grants, and sees no others.',
      'C7.hidden': 'A tool that may not be used and one that does not exist get the same answer.',
      'C7.default': 'A caller that no policy entry matches may do nothing.',
      'C7.scopes':
        'A tool runs only for a caller whose scopes cover it; write implies read and nothing else.',
      'C7.step-up':
        'A call beyond its token runs nothing and is told which scope it takes, unless no scope would help.',
    },
  },
  C8: {
    title: 'Errors that leak nothing',
    threat: 'Error messages map the host: its paths, its users, its versions, its data.',
    sources: ['CWE-209', 'CWE-203', 'OWASP ASVS 16.5'],
    pattern: 'patterns/c08-errors.md',
    code: [
      'packages/validation/src/refusal.ts',
      'packages/runtime/src/call/dispatch.ts',
      'packages/logging/src/error.ts',
    ],
    promises: {
      'C8.no-leak':
        'No answer and no log line holds a path of the host, the target of a link or a stack.',
      'C8.uniform':
        'What is missing, what lies outside and what a link leads to get the same answer.',
      'C8.reference': 'A fault shows the caller a reference, and the log where it happened.',
    },
  },
  C9: {
    title: 'Audit trail',
    threat:
      'Nobody can tell what was read or refused; or the trail itself gives away what it should protect.',
    sources: ['OWASP ASVS 16.1–16.4', 'OWASP MCP08', 'CWE-117', 'CWE-532', 'CWE-778'],
    pattern: 'patterns/c09-audit.md',
    code: [
      'packages/logging/src/audit.ts',
      'packages/logging/src/audit-event.ts',
      'packages/runtime/src/call/describe-args.ts',
      'packages/logging/src/sink.ts',
    ],
    promises: {
      'C9.complete':
        'Every call leaves one record, also when the schema, the policy, a limit or a guard refused it.',
      'C9.no-values':
        'A record names what was asked for in the server’s own terms, escaped and without secrets, and keeps no other argument as the caller wrote it.',
      'C9.one-line': 'No name, client or argument can forge a second record.',
      'C9.fail-closed':
        'With a trail in a file, a call that cannot be recorded gets no answer, and what changes something is recorded before it is done.',
      'C9.floods':
        'A flood of refusals is counted and not written out, hides nothing of anybody else’s, and its count is not lost.',
      'C9.never-blocks': 'A client that does not read stderr stops nothing.',
    },
  },
  C10: {
    title: 'Injection and exhaustion tests',
    threat: 'A control that was never attacked fails at the first attack.',
    sources: ['OWASP MCP05', 'CWE-1333', 'CWE-400'],
    pattern: 'patterns/c10-attacks-as-tests.md',
    code: [
      'packages/testkit/src/attacks',
      'packages/validation/src/patterns',
      'packages/runtime/src/http/steps',
    ],
    promises: {
      'C10.paths': 'Generated paths agree with an independent model of "beneath the root".',
      'C10.patterns': 'No expression, glob or ignore file makes matching explode.',
      'C10.bombs':
        'Huge files, huge directories, deep trees and special files each get an answer in time, in bounded memory.',
      'C10.requests':
        'Requests that two parsers could read differently, and others that no client sends, are refused before anything runs; what follows on their connection is not served.',
      'C10.conformance':
        'Each server passes what the MCP conformance suite demands of every server, in both eras.',
      'C10.statements':
        'Hostile statements, by class, change nothing, whatever role they run as; what stands in a string stays in it.',
      'C10.rows':
        'Huge cells, results and schemas each get an answer or a refusal in bounded time and memory.',
      'C10.hostile-repositories':
        'One hostile repository for each known vector bites plain git, and leaves nothing behind with any tool.',
      'C10.repository-bombs':
        'Objects, refs and metadata that were built to exhaust each end in an answer or a refusal, in bounded time and memory.',
      'C10.hostile-trees':
        'Ignore files and names that come with the data cannot harm their reader.',
    },
  },
  C11: {
    title: 'Tool descriptions reviewed and locked',
    threat:
      'A description is an instruction to the model: poisoned once, it acts in every conversation.',
    sources: ['OWASP MCP03', 'OWASP MCP Security Cheat Sheet §7'],
    pattern: 'patterns/c11-locked-descriptions.md',
    code: [
      'packages/runtime/src/mcp/lock.ts',
      'servers/filesystem/tools.lock.json',
      'packages/testkit/src/description-rules.ts',
    ],
    promises: {
      'C11.locked': 'What a client is told is word for word what was reviewed.',
      'C11.rules':
        'Descriptions hold nothing hidden, no address, no secret, and no instruction beyond their tool.',
    },
  },
  C12: {
    title: 'Rate limits',
    threat: 'One caller uses up what others need.',
    sources: ['MCP server/tools: servers MUST rate limit tool invocations', 'CWE-770', 'CWE-307'],
    pattern: 'patterns/c12-rate-limits.md',
    code: [
      'packages/runtime/src/call/rate.ts',
      'packages/runtime/src/http/limits.ts',
      'packages/runtime/src/store',
    ],
    promises: {
      'C12.calls':
        'Calls above the rate are refused with the time to wait, on stdio too, whatever their kind.',
      'C12.address':
        'An address has so many requests to the endpoint before a credential is looked at; an IPv6 network counts as one.',
      'C12.failures':
        'An address whose credentials fail waits before the next one is looked at, longer each time; only what cannot be a guess is still let in.',
      'C12.tools':
        'A tool can have a rate and a number of calls at a time of its own, for each caller.',
      'C12.places':
        'So many requests are under way at a time, over all callers, and one caller has a quarter of them at most.',
      'C12.streams': 'A caller has so many open streams, and no more.',
      'C12.memory': 'Counting costs bounded memory, however many addresses and callers there are.',
      'C12.shared':
        'Replicas that share a store count together; while it is down each is stricter by itself, and what may be used once is refused.',
    },
  },
  C13: {
    title: 'Rotation and revocation without a restart',
    threat: 'A leaked credential stays good until someone dares to restart.',
    sources: ['OWASP ASVS 13.3', 'RFC 7009', 'OWASP MCP01'],
    pattern: 'patterns/c13-credentials.md',
    code: [
      'packages/runtime/src/reload',
      'packages/auth/src/revocations.ts',
      'packages/runtime/src/http/live-requests.ts',
      'packages/runtime/src/http/serving.ts',
      'servers/postgres/src/adapter/session',
    ],
    promises: {
      'C13.reload':
        'A file of keys, certificates, policy or revocations that changes counts within a second, whole and valid or not at all; an invalid one leaves what was, fails readiness and is recorded.',
      'C13.rotation':
        'Two keys of one caller count at the same time, so that one can be replaced without a gap; a withdrawn one ends at once.',
      'C13.revoked':
        'What is revoked, by token, key, certificate, caller, client or time, is refused from then on, by every replica.',
      'C13.ended':
        'A request or stream under way ends with its credential, when it expires or is revoked.',
      'C13.password-file':
        'A new password in its file is used by the next connection, without a restart.',
      'C13.out-of-sight':
        'A password in a mounted file is neither in what the container engine shows of its container nor in the logs.',
    },
  },
  E1: {
    title: 'CORS',
    threat: 'A web page calls the server with its visitor’s rights.',
    sources: ['OWASP ASVS 3.4', 'Fetch: CORS protocol'],
    pattern: 'patterns/e01-cors.md',
    code: ['packages/runtime/src/http/steps/cors.ts', 'packages/runtime/src/http/steps/origin.ts'],
    promises: {
      'E1.exact':
        'A page of an origin that the operator names can call, and no other page learns anything.',
    },
  },
  E2: {
    title: 'Request size limits',
    threat: 'One message fills the memory.',
    sources: ['CWE-770', 'OWASP ASVS 4.3'],
    pattern: 'patterns/e02-size-limits.md',
    code: [
      'packages/runtime/src/stdio/lines.ts',
      'packages/runtime/src/stdio/transport.ts',
      'packages/runtime/src/http/steps/body.ts',
    ],
    promises: {
      'E2.body':
        'The content of a request has a ceiling in bytes and in time, however it arrives, and none is read for a caller who is not known.',
      'E2.line':
        'A message over the limit is refused once, costs no memory, and the next one is served.',
      'E2.unread': 'A client that does not read its answers is not read from, either.',
    },
  },
  E3: {
    title: 'IP allowlist',
    threat: 'The server answers networks that it was never meant for.',
    sources: ['OWASP ASVS 4.1', 'CWE-348'],
    pattern: 'patterns/e03-addresses.md',
    code: [
      'packages/runtime/src/http/gate.ts',
      'packages/runtime/src/http/steps/client-address.ts',
    ],
    promises: {
      'E3.addresses':
        'With an allowlist, a connection from another address is closed before a byte of it is read, in whatever form the address is written.',
      'E3.proxies': 'Nobody but a named proxy can say that a request came from another address.',
    },
  },
  E4: {
    title: 'Mutual TLS',
    threat: 'A stolen token works from anywhere.',
    sources: ['RFC 8705', 'OWASP ASVS 12.1.3'],
    pattern: 'patterns/e04-mutual-tls.md',
    code: ['packages/runtime/src/http/tls.ts', 'packages/auth/src/certificates.ts'],
    promises: {
      'E4.mutual':
        'A client without a certificate of the named authority gets no connection, and one that no entry names is nobody.',
      'E4.replaced':
        'After a change of the authority, no connection that the former one let in is used again.',
    },
  },
  E5: {
    title: 'Access and visibility by identity',
    threat: 'Who may use one resource sees that all the others exist.',
    sources: ['OWASP ASVS 8.2.2', 'CWE-639'],
    pattern: 'patterns/e05-visibility.md',
    code: [
      'packages/auth/src/policy.ts',
      'servers/filesystem/src/server.ts',
      'packages/runtime/src/mcp/register.ts',
    ],
    promises: {
      'E5.roots':
        'A root that the policy does not grant does not exist for the caller: not in lists, paths, URIs or completions.',
      'E5.relations':
        'A relation that is closed or hidden looks like one that does not exist: in statements, lists, descriptions, URIs and completions.',
      'E5.rows':
        'Row-level security sees the caller’s own role and settings, and no statement can change them.',
      'E5.repositories':
        'A repository that the policy does not grant does not exist for the caller: not in lists, ids, URIs or completions.',
      'E5.streams':
        'Who may not read a resource is not told of its changes; what is hidden and what does not exist are refused alike.',
      'E5.deny':
        'A path that the policy closes stays closed, also against the operator’s own allow list.',
    },
  },
  E6: {
    title: 'Fields and secrets kept back',
    threat: 'A secret in a file that may be read ends in a prompt, a log and a provider’s store.',
    sources: ['OWASP ASVS 8.2.3', 'OWASP LLM02', 'CWE-200'],
    pattern: 'patterns/e06-secrets.md',
    code: [
      'packages/validation/src/secrets.ts',
      'packages/runtime/src/call/shape.ts',
      'servers/filesystem/src/adapter/read/screen.ts',
    ],
    promises: {
      'E6.redacted':
        'Secrets that can be recognised are taken out of every answer, or the answer is refused.',
      'E6.keys': 'A private key stays hidden, also when a read begins in its middle.',
      'E6.masks':
        'A masked column shows its mask wherever a statement refers to it: in joins, predicates, whole rows, errors and plans.',
      'E6.undeclared': 'A field that the output schema does not declare never leaves the server.',
    },
  },
  E7: {
    title: 'Output validation',
    threat: 'An answer floods the context, or carries what no one reviewed.',
    sources: ['OWASP LLM05', 'OWASP MCP10', 'MCP server/tools: servers MUST sanitize tool outputs'],
    pattern: 'patterns/e07-output.md',
    code: ['packages/runtime/src/call/shape.ts', 'packages/runtime/src/mcp/tool-operation.ts'],
    promises: {
      'E7.schema':
        'An answer fits its schema or is a fault; the text says nothing that the structure does not hold, but for long texts that stand once, there.',
      'E7.bytes':
        'An answer has a ceiling in bytes, and a cut is always flagged with the place to go on.',
    },
  },
  E8: {
    title: 'A person confirms what cannot be undone',
    threat: 'A model, or the text that steers it, destroys something in one call.',
    sources: ['MCP basic/patterns/mrtr', 'OWASP MCP Security Cheat Sheet §4', 'OWASP LLM06'],
    pattern: 'patterns/e08-confirmation.md',
    code: ['packages/runtime/src/call/confirm.ts', 'packages/runtime/src/tool.ts'],
    promises: {
      'E8.asked':
        'A destructive tool runs only after a person accepted, with clients of both eras.',
      'E8.refused':
        'Without an answer, with a refusal, or from a client that cannot ask, nothing is done.',
      'E8.bound':
        'An answer counts once, for this call and its arguments; one that the server did not ask for counts never.',
    },
    absent: {
      filesystem:
        'Has no destructive tool: nothing can be written. Shown by the runtime’s own tests.',
      postgres:
        'Has no destructive tool: nothing can be written. Shown by the runtime’s own tests.',
      git: 'Has no destructive tool: nothing can be written. Shown by the runtime’s own tests.',
    },
  },
  E9: {
    title: 'Prompt-injection hygiene',
    threat: 'Text from a file is read as an instruction; text that nobody can see, even more so.',
    sources: ['OWASP LLM01', 'CVE-2021-42574', 'CWE-150', 'arXiv 2403.14720'],
    pattern: 'patterns/e09-untrusted-text.md',
    code: [
      'packages/validation/src/visible.ts',
      'packages/runtime/src/call/mark.ts',
      'packages/runtime/src/call/shape.ts',
    ],
    promises: {
      'E9.visible':
        'Hidden, reordering and terminal characters are shown, and the exact text can be had back.',
      'E9.marked': 'Found text stands between marks that it cannot forge.',
      'E9.names': 'A file name cannot forge a second entry or line.',
    },
  },
  E10: {
    title: 'Host and Origin (DNS rebinding)',
    threat: 'A web page reaches a server on the loopback address under another name.',
    sources: ['CVE-2025-66414', 'CVE-2025-49596', 'MCP basic/transports: MUST validate Origin'],
    pattern: 'patterns/e10-rebinding.md',
    code: ['packages/runtime/src/http/steps/host.ts', 'packages/runtime/src/http/steps/origin.ts'],
    promises: {
      'E10.host': 'A request for a name that is not served gets no answer of a tool.',
      'E10.origin': 'A page of another origin, or of none, gets no answer of a tool.',
    },
  },
  E11: {
    title: 'Sender-constrained tokens',
    threat: 'Whoever holds a copy of a token is its owner.',
    sources: ['RFC 9449', 'RFC 8705', 'RFC 7800'],
    pattern: 'patterns/e11-sender-constrained.md',
    code: ['packages/auth/src/sender-constraint.ts', 'packages/auth/src/dpop'],
    promises: {
      'E11.certificate':
        'A token that is bound to a certificate counts only on a connection of that certificate.',
      'E11.dpop':
        'A token that is bound to a key counts only with a fresh proof of that key, for this request and this token, once.',
      'E11.required': 'Where the operator demands it, no bearer credential counts.',
    },
  },
  E12: {
    title: 'Data at rest encrypted, or not kept',
    threat: 'What was read is left behind on a disk.',
    sources: ['OWASP ASVS 14.2'],
    code: ['servers/git/src/adapter/repository'],
    promises: {
      'E12.private':
        'What has to be kept during a run lies in a directory that only its owner can open, and goes with the server.',
    },
    absent: {
      filesystem: NOTHING_KEPT,
      postgres: NOTHING_KEPT,
    },
  },
  E13: {
    title: 'Timeouts, concurrency, cancellation',
    threat: 'Work goes on for nobody, and piles up.',
    sources: ['CWE-400', 'CWE-833', 'MCP basic/patterns/cancellation'],
    pattern: 'patterns/e13-bounded-work.md',
    code: [
      'packages/runtime/src/call/deadline.ts',
      'packages/runtime/src/call/concurrency.ts',
      'servers/filesystem/src/adapter/pool/pool.ts',
    ],
    promises: {
      'E13.deadline': 'Every call ends by its deadline, also when its work ignores the signal.',
      'E13.cancel': 'A cancelled call stops its work, not only its answer.',
      'E13.concurrency':
        'Calls above the limit wait in their caller’s own line, and above that are refused.',
      'E13.processes': 'A call that is cancelled or late leaves no process behind.',
      'E13.slow':
        'A client that sends or reads slowly, or opens connections and says nothing, costs others nothing.',
      'E13.light': 'A heavy call does not hold up a light one.',
      'E13.restart':
        'A database that restarts costs the calls under way a refusal that can be retried, and nobody else anything.',
      'E13.dead-mount':
        'A file system that does not answer costs its callers a refusal, and nobody else anything.',
    },
  },
  E14: {
    title: 'Graceful shutdown',
    threat: 'An end in the middle of a call loses its answer, its record or its child processes.',
    sources: ['MCP basic/transports/stdio: SHOULD exit on EOF'],
    pattern: 'patterns/e14-shutdown.md',
    code: [
      'packages/runtime/src/stdio/serve.ts',
      'packages/runtime/src/cli/run.ts',
      'packages/runtime/src/http/drain.ts',
      'packages/runtime/src/cli/health.ts',
    ],
    promises: {
      'E14.health':
        'A check within the container, without a shell, says whether the server is ready.',
      'E14.eof':
        'When the client goes, the server ends at once and leaves no process behind: with code 0, or by a signal where the system holds one of its threads.',
      'E14.signal': 'On SIGTERM running calls are answered, then the server ends with code 0.',
      'E14.pipe': 'A pipe that breaks ends the server cleanly.',
      'E14.drain':
        'On SIGTERM a server on a network is not ready, takes no connection, answers the calls under way, ends its streams, then itself with code 0.',
    },
  },
} as const satisfies Readonly<Record<string, Control>>;

export type ControlId = keyof typeof CONTROLS;

/** Every promise of every control. */
export type PromiseId = {
  [Id in ControlId]: keyof (typeof CONTROLS)[Id]['promises'];
}[ControlId];
