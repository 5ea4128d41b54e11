import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Caller } from '../access/api-keys.ts';
import type { OpenEvent } from '../audit/audit-log.ts';

/** What middleware leaves for the handlers of a request, and for the middleware around them. */
export type ApiEnv = {
  Variables: {
    requestId: string;
    caller: Caller;
    auditEvent?: OpenEvent;
    /** What the call has made. */
    record?: string;
  };
};
export type ApiApp = OpenAPIHono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;
