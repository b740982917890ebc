#!/usr/bin/env node
import { run } from '@secure-mcp/runtime';

import { postgres } from './server.ts';

void run(postgres);
