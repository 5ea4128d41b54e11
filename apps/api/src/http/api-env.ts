import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Caller } from '../access/api-keys.ts';
import type { OpenEvent } from '../audit/audit-log.ts';
import type { Session } from './session.types.ts';

/** What middleware leaves for the handlers of a request, and for the middleware around them. */
export type ApiEnv = {
  Variables: {
    requestId: string;
    caller: Caller;
    /** Of a person who has signed in. */
    session?: Session;
    auditEvent?: OpenEvent;
    /** What the call has made. */
    record?: string;
  };
};
export type ApiApp = OpenAPIHono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;
