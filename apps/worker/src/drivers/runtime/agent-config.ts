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
  const { database } = config;
  const pair = (name: string, value: string): string => `${quote(name)} => ${quote(value)},`;
  return [
    '<?php',
    'return array(',
    `\t${pair('pairing_key', config.pairingKey)}`,
    `\t${pair('root', config.root)}`,
    `\t${pair('work', config.work)}`,
    `\t${pair('url', config.url)}`,
    "\t'db' => array(",
    ...Object.entries({ ...database, charset: 'utf8mb4' }).map(([name, value]) => `\t\t${pair(name, value)}`),
    '\t),',
    ');',
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
