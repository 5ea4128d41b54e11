import { createHash, createHmac, randomBytes } from 'node:crypto';

/** The headers that sign one agent request (docs/protocol.md, Signature). */
export function signRequest(operation: string, body: Buffer, pairingKey: string, now: number): Record<string, string> {
  const time = String(Math.floor(now / 1000));
  const nonce = randomBytes(16).toString('hex');
  const digest = createHash('sha256').update(body).digest('hex');
  const canonical = `wcr1\n${operation}\n${digest}\n${time}\n${nonce}`;
  return {
    'x-wcr-operation': operation,
    'x-wcr-key-id': createHash('sha256').update(pairingKey).digest('hex').slice(0, 8),
    'x-wcr-time': time,
    'x-wcr-nonce': nonce,
    'x-wcr-signature': createHmac('sha256', pairingKey).update(canonical).digest('hex'),
  };
}
