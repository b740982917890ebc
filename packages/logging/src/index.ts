export {
  type Audit,
  type AuditOptions,
  type AuditRecord,
  createAudit,
  type Seal,
} from './audit.ts';
export type {
  AuditedArgument,
  AuditedOutput,
  AuditedRequest,
  AuditedSource,
  AuditedTarget,
  AuditEvent,
  CallEvent,
  HttpEvent,
  LeftOutEvent,
  InputEvent,
  LockEvent,
  Outcome,
  ReloadEvent,
  ServerEvent,
  StoreEvent,
  StreamEvent,
} from './audit-event.ts';
export { type DescribedError, describeError } from './error.ts';
export { createLogger, LOG_LEVELS, type LogFields, type Logger, type LogLevel } from './logger.ts';
export { fileSink, type Sink, stderrSink } from './sink.ts';
