import { AppError, isAppError } from '@wcr/shared/errors/app-error';

/** Why a certificate is not accepted, by OpenSSL's and Node's names. */
const TLS_REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends in a self-signed certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is unknown, or an intermediate certificate is not sent',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is unknown',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another host name',
  EPROTO: 'the server does not speak TLS there, or no version both know',
};

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name cannot be looked up right now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'no answer in time',
  UND_ERR_SOCKET: 'the connection was cut',
  TimeoutError: 'no answer in time',
};

/** Names a failed request: `source.tls_invalid` or `source.unreachable`, each with its reason. What has a name of ours keeps it. */
export function nameNetworkError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  const tlsReason = TLS_REASONS[code] ?? (code.startsWith('ERR_SSL_') ? TLS_REASONS['EPROTO'] : undefined);
  if (tlsReason) return new AppError('source.tls_invalid', { reason: tlsReason }, { cause: error });
  return new AppError('source.unreachable', { reason: NETWORK_REASONS[code] ?? code }, { cause: error });
}

/** The code stands on the error, on one of several tried addresses, or on the cause below. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (error.cause instanceof Error) return codeOf(error.cause);
  return error.name;
}
