import { refusals } from '@secure-mcp/validation';

/** The refusals that every server shares. Each server adds a table of its own. */
export const COMMON_REFUSALS = {
  'input.invalid': 'The arguments do not fit the schema.',
  'tool.unknown': 'There is no such tool, or you may not use it.',
  'resource.unknown': 'There is no such resource, or you may not read it.',
  'prompt.unknown': 'There is no such prompt, or you may not use it.',
  'limit.rate': 'Too many calls. Wait before the next one.',
  'limit.busy': 'Too many calls are waiting. Try again later.',
  'limit.deadline': 'The call took too long and was stopped. Ask for less.',
  'limit.result': 'The answer is larger than the limit. Ask for less.',
  'call.cancelled': 'The call was cancelled.',
  'call.declined': 'The person declined, so nothing was done.',
  'call.confirmation_unavailable':
    'This needs a person’s confirmation, which this client cannot ask for.',
  'output.secret': 'The answer holds a secret, and the policy does not let secrets out.',
  'audit.unavailable': 'The call cannot be recorded, so it gets no answer.',
  'server.stopping': 'The server is shutting down.',
  'server.tampered': 'The tools differ from the reviewed ones, so the server does not serve them.',
} as const;

export const refuse = refusals(COMMON_REFUSALS);
