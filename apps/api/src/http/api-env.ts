import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Caller } from '../access/api-keys.ts';
import type { Operator } from '../access/queue-rights.ts';

/** What middleware leaves for the handlers of a request. */
export type ApiEnv = { Variables: { requestId: string; caller: Caller; operator: Operator | undefined } };
export type ApiApp = OpenAPIHono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;
