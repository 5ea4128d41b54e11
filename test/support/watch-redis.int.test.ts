import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { watchRedis } from './watch-redis.ts';

it('shows every command of one database with its arguments as they were, also those of scripts', async () => {
  const { url } = await useRedis();
  const redis = new Redis(url);
  const elsewhere = new Redis((await useRedis()).url);
  try {
    using watch = await watchRedis(url);
    const value = 'ä "quoted" \\ \n \x07 \xff';
    await elsewhere.set('elsewhere', 'x');
    await redis.set('plain', value);
    await redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, 'scripted', value);
    await expect.poll(() => watch.commands.filter((command) => command.includes('scripted')).length).toBe(2);
    expect(watch.commands).toContain(`set plain ${value}`);
    expect(watch.commands).toContain(`SET scripted ${value}`);
    expect(watch.commands.join()).not.toContain('elsewhere');
  } finally {
    redis.disconnect();
    elsewhere.disconnect();
  }
});
