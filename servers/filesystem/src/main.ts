#!/usr/bin/env node
import { run } from '@secure-mcp/runtime';

import { filesystem } from './server.ts';

void run(filesystem);
