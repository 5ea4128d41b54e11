import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiApp, ApiContext } from './api-env.ts';
import { renderError } from './error-envelope.ts';

/** Tells a wrong method (405 with Allow) from a wrong address (404). To be called when all routes are registered. */
export function answerUnmatched(app: ApiApp): void {
  const routes = app.routes
    .filter((route) => route.method !== 'ALL' && !route.path.includes('*'))
    .map((route) => ({ method: route.method, pattern: patternOf(route.path) }));

  app.notFound((context: ApiContext) => {
    const { path, method } = context.req;
    const allowed = new Set(routes.filter((route) => route.pattern.test(path)).map((route) => route.method));
    if (allowed.size === 0) return renderError(new AppError('route.not_found', { path }), context);
    const list = [...allowed].join(', ');
    context.header('Allow', list);
    return renderError(new AppError('route.method_not_allowed', { path, method, allowed: list }), context);
  });
}

function patternOf(template: string): RegExp {
  const escaped = template.replace(/[.+?^$()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}
