/** How one server is started. */
export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** The lines that make a client start a server, one client after the other. */
export function clientConfigs({ name, command, args }: Launch): string {
  const entry = { command, args: [...args] };
  const servers = { [name]: entry };
  return [
    'Claude Code',
    `  claude mcp add ${name} -- ${[command, ...args].map(shellWord).join(' ')}`,
    'Claude Desktop (claude_desktop_config.json) and Cursor (~/.cursor/mcp.json)',
    `  ${JSON.stringify({ mcpServers: servers })}`,
    'VS Code (.vscode/mcp.json)',
    `  ${JSON.stringify({ servers: { [name]: { type: 'stdio', ...entry } } })}`,
  ].join('\n');
}

/** A word that a shell takes as it is, or in quotes. */
function shellWord(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
