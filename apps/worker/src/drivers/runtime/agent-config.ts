export type AgentConfig = {
  readonly pairingKey: string;
  readonly root: string;
  readonly work: string;
  readonly url: string;
  readonly database: {
    readonly host: string;
    readonly user: string;
    readonly password: string;
    readonly name: string;
    readonly prefix: string;
  };
};

/** The PHP file that tells the standalone agent about its clone. */
export function renderAgentConfig(config: AgentConfig): string {
  const { url, database } = config;
  return `<?php\nreturn ${renderArray(config, { url: quote(url), prefix: quote(database.prefix) })};\n`;
}

/** The same for an agent that waits: it learns its address and the table prefix from a file, and nothing else. */
export type WaitingAgentConfig = Omit<AgentConfig, 'url' | 'database'> & {
  readonly database: Omit<AgentConfig['database'], 'prefix'>;
  /** Read at each request, since it is written by the agent itself. */
  readonly identity: { readonly file: string; readonly pattern: string };
};

/**
 * The PHP file of an agent that is there before its clone is known. What it cannot read, or does not recognise as a whole, leaves
 * it waiting.
 * @param config.identity.pattern a regular expression of which the first group is the address and the second the table prefix
 */
export function renderWaitingAgentConfig(config: WaitingAgentConfig): string {
  const { file, pattern } = config.identity;
  return [
    '<?php',
    'return ( static function (): array {',
    `\t$file  = ${quote(file)};`,
    "\t$found = array( '', 'http://localhost', 'wp_' );",
    "\t$text  = is_readable( $file ) ? (string) file_get_contents( $file, false, null, 0, 4096 ) : '';",
    `\tif ( 1 === preg_match( ${quote(`~${pattern}~D`)}, $text, $matches ) ) {`,
    '\t\t$found = $matches;',
    '\t}',
    `\treturn ${renderArray(config, { url: '$found[1]', prefix: '$found[2]' })};`,
    '} )();',
    '',
  ].join('\n');
}

/** @param code PHP for what may not be known yet */
function renderArray(
  config: Pick<AgentConfig, 'pairingKey' | 'root' | 'work'> & { database: WaitingAgentConfig['database'] },
  code: { url: string; prefix: string },
): string {
  const { host, user, password, name } = config.database;
  const pair = (key: string, value: string): string => `${quote(key)} => ${value},`;
  const database = Object.entries({ host, user, password, name });
  return [
    'array(',
    `\t${pair('pairing_key', quote(config.pairingKey))}`,
    `\t${pair('root', quote(config.root))}`,
    `\t${pair('work', quote(config.work))}`,
    `\t${pair('url', code.url)}`,
    "\t'db' => array(",
    ...database.map(([key, value]) => `\t\t${pair(key, quote(value))}`),
    `\t\t${pair('prefix', code.prefix)}`,
    `\t\t${pair('charset', quote('utf8mb4'))}`,
    '\t),',
    ')',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
