import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Caller } from '../access/api-keys.ts';

/** What middleware leaves for the handlers of a request. */
export type ApiEnv = { Variables: { requestId: string; caller: Caller } };
export type ApiApp = OpenAPIHono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;
