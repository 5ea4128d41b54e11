import { hostname } from 'node:os';
import { Redis } from 'ioredis';
import { type KeysCommand, parseKeysCommand, renderKeys } from './access/keys-command-line.ts';
import { createKey, listKeys, revokeKey } from './access/stored-keys.ts';
import { readKeysConfig } from './config/keys-config.ts';

/** Makes, lists and revokes API keys, beside a running API: `node src/keys-command.ts create --name …`. */
async function run(command: KeysCommand): Promise<string> {
  const { redisUrl, apiKeys, auditEntries } = readKeysConfig();
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  // What goes wrong is told by the command that failed.
  redis.on('error', () => undefined);
  const deps = { redis, auditEntries, now: Date.now, host: hostname() };
  try {
    await redis.connect();
    if (command.verb === 'list') {
      const keys = await listKeys(deps, apiKeys);
      return command.json ? JSON.stringify(keys) : renderKeys(keys);
    }
    if (command.verb === 'create') {
      const { key, stored } = await createKey(deps, command.wanted);
      process.stderr.write(`Made ${stored.id} of the owner ${stored.owner}. The key is shown now and never again:\n`);
      return command.json ? JSON.stringify({ ...stored, key }) : key;
    }
    if (apiKeys.some(({ name }) => name === command.id))
      throw new Error(`${command.id} is a key of WCR_API_KEYS: remove it there`);
    if (!(await revokeKey(deps, command.id))) throw new Error(`There is no key ${command.id}; see list`);
    return command.json ? JSON.stringify({ revoked: command.id }) : `Revoked ${command.id}.`;
  } finally {
    redis.disconnect();
  }
}

try {
  process.stdout.write(`${await run(parseKeysCommand(process.argv.slice(2), Date.now()))}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
