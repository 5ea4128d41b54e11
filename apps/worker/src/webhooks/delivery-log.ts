import { redisKeys } from '@wcr/shared/contracts/queues';
import type { DeliveryAttempt, DeliveryHead } from '@wcr/shared/contracts/webhooks';
import type { Redis } from 'ioredis';

/** As long as a failed job is kept. */
const KEPT_SECONDS = 30 * 86_400;

/** What was delivered of a job's ends, a hash: under the delivery's id what it is, under id and time each try. */
export type DeliveryLog = {
  /** Says that there is a delivery; once, however often it is called. */
  begin(jobId: string, deliveryId: string, head: DeliveryHead): Promise<void>;
  note(jobId: string, deliveryId: string, attempt: DeliveryAttempt): Promise<void>;
};

export function createDeliveryLog(redis: Redis): DeliveryLog {
  const write = async (jobId: string, field: string, value: object): Promise<void> => {
    const key = redisKeys.deliveries(jobId);
    await redis.multi().hsetnx(key, field, JSON.stringify(value)).expire(key, KEPT_SECONDS).exec();
  };
  return {
    begin: (jobId, deliveryId, head) => write(jobId, deliveryId, head),
    note: (jobId, deliveryId, attempt) => write(jobId, `${deliveryId}:${attempt.at}`, attempt),
  };
}
