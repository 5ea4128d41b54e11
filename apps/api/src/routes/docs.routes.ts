import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiApp } from '../http/api-env.ts';

const TITLE = 'wp-clone-restore API';
/** Everything the page loads comes from this server. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, validatorUrl: null });\n`;

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** `/openapi.json` from the schemas that validate, and `/docs`, which needs no internet. */
export function addDocsRoutes(app: ApiApp): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' });
  let documentText: string | undefined;
  app.get('/openapi.json', (context) => {
    documentText ??= JSON.stringify(
      tellScopes(
        app.getOpenAPI31Document({
          openapi: '3.1.0',
          info: {
            title: TITLE,
            version: '1.0.0',
            description:
              'Clones a live WordPress site into a temporary, private, working copy, and restores what was changed there to a live site.',
          },
        }),
      ),
    );
    return context.body(documentText, 200, { 'Content-Type': 'application/json; charset=utf-8' });
  });

  app.get('/docs', (context) => {
    context.header('Content-Security-Policy', PAGE_POLICY);
    return context.html(PAGE);
  });
  app.get('/docs/start.js', (context) => context.body(START, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }));
  const folder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
  app.get('/docs/:asset', async (context) => {
    const asset = context.req.param('asset');
    const type = Object.hasOwn(ASSETS, asset) ? ASSETS[asset] : undefined;
    if (type === undefined) throw new AppError('route.not_found', { path: context.req.path });
    const bytes = await readFile(join(folder, asset));
    return context.body(new Uint8Array(bytes), 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=86400' });
  });
}

type Document = ReturnType<ApiApp['getOpenAPI31Document']>;

/** Says for people, too, which scope a call needs: a security requirement holds it for machines. */
function tellScopes(document: Document): Document {
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path))) {
    const [scope] = operation.security?.[0]?.['apiKey'] ?? [];
    if (scope) operation.description = [operation.description, `Needs the scope \`${scope}\`.`].filter(Boolean).join(' ');
  }
  return document;
}
