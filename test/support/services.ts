export { useMariaDb, useRedis } from '@wcr/stack/testing/services';
