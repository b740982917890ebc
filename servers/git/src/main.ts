#!/usr/bin/env node
import './adapter/stay-small.ts';

import { run } from '@secure-mcp/runtime';

import { git } from './server.ts';

void run(git);
