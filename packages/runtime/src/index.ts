import './no-eval.ts';
import './no-cycles.ts';

export { type Annotations, DESTROYS, READS, WRITES } from './annotations.ts';
export {
  type Application,
  type ApplicationParts,
  createApplication,
  type Identity,
} from './application.ts';
export type { Call, SecretsMode } from './call/call.ts';
export type { Caller } from './call/dispatch.ts';
export { DISPATCH_REFUSALS } from './call/dispatch.ts';
export type { CallLimits } from './call/limits.ts';
export { helpText } from './cli/help.ts';
export { run } from './cli/run.ts';
export { type CommonOptions, commonOptions } from './config/common.ts';
export { httpOptions } from './config/http-options.ts';
export { type Option, optionsOf } from './config/options.ts';
export { HTTP_REFUSALS } from './http/refusals.ts';
export { ConfigurationProblem } from './config/problem.ts';
export { readConfig } from './config/read.ts';
export { type ListedTool, lockSurface, type ToolsLock } from './mcp/lock.ts';
export { buildMcpServer } from './mcp/register.ts';
export { COMMON_REFUSALS } from './refusals.ts';
export { definePrompt, type Prompt, type PromptArgument } from './prompt.ts';
export {
  defineResource,
  type ListedResource,
  type Resource,
  type ResourceContent,
} from './resource.ts';
export {
  type Checked,
  type Command,
  defineServer,
  type OpenParts,
  type ServerDefinition,
  type ServerOptions,
  type Services,
} from './server-definition.ts';
export { createStdioTransport, MESSAGE_BYTES_MAX } from './stdio/transport.ts';
export {
  defineTool,
  type Found,
  type Media,
  type Rendering,
  type Tool,
  type ToolResult,
} from './tool.ts';
export { ourUser } from './our-user.ts';
