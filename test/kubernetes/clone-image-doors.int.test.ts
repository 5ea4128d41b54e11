import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CloneHandle } from '@wcr/worker/drivers/runtime/runtime.types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askHost } from '../support/kubernetes/ask-host.ts';
import { CLONES_HOST, type ClonePodScene, giveToServer, startClonePod } from '../support/kubernetes/clone-pod-scene.ts';
import { canRunContainers } from '../support/kubernetes/pod-runner/run-container.ts';
import { type LocalGateway, startLocalGateway } from '../support/local-gateway.ts';

const DENIAL = 'Order allow,deny\nDeny from all\n';
const SHOW = '<?php echo json_encode( array_intersect_key( $_SERVER, array_flip( explode( " ", $_GET["keys"] ?? "" ) ) ) );';
const SITE = {
  'index.php': '<?php echo "front of ", $_SERVER["REQUEST_URI"];',
  'show.php': SHOW,
  'style.css': 'p{}',
  'readme.txt': 'read me',
  'wp-config-backup.txt': 'secret',
  'wp-config.php.bak': 'secret',
  'debug.log': 'a trace',
  error_log: 'a trace',
  'dump.sql': 'INSERT',
  'dump.SQL.gz': 'INSERT',
  'sqlfoo.txt': 'no dump',
  'functions.php.bak': 'source',
  'functions.php~': 'source',
  'functions.PHP': 'source',
  'part.phtml': 'source',
  'part.php5': 'source',
  'part.php-old': 'source',
  'photo.php_.jpg': 'a photo',
  'photo.php.jpg': 'no photo',
  'db.php.wcr-parked': 'source',
  '.env': 'secret',
  '.git/config': 'secret',
  '.git/hook.php': '<?php echo "hook";',
  '.well-known/security.txt': 'mail us',
  '.htaccess':
    'RewriteEngine On\nRewriteRule ^ https://elsewhere.example/ [R]\nSuPHP_ConfigPath /home\nAuthType Basic\nRequire valid-user\n',
  'closed/.htaccess': `# Nobody\n<IfModule mod_x.c>\n${DENIAL}</IfModule>\n`,
  'closed/file.txt': 'closed',
  'closed/deep/file.txt': 'closed',
  'closed/run.php': '<?php echo "runs";',
  'closed/open/.htaccess': 'Require all granted\n',
  'closed/open/file.txt': 'open',
  'part-closed/.htaccess': '<Files *.log>\nDeny from all\n</Files>\n',
  'part-closed/file.txt': 'open',
  'folder/index.html': 'a folder',
  'listing/file.txt': 'in a folder',
  'wp-content/uploads/2024/shell.php': '<?php echo "runs";',
  'wp-content/uploads/2024/grüße.txt': 'hello',
};
const PATHS = [
  ...[
    '',
    'a/page/',
    'a/page',
    'index.php',
    'index.php/info/.x',
    'nothing.php',
    'nothing.css',
    'show.php',
    'style.css',
    'readme.txt',
  ],
  ...['wp-config-backup.txt', 'wp-config.php.bak', 'debug.log', 'error_log', 'dump.sql', 'dump.SQL.gz', 'sqlfoo.txt'],
  ...['functions.php.bak', 'functions.php~', 'functions.PHP', 'part.phtml', 'part.php5', 'part.php-old', 'photo.php_.jpg'],
  ...['photo.php.jpg', 'db.php.wcr-parked', '.env', '.git/config', '.git/hook.php', '.git/', '.none', '.well-known/security.txt'],
  ...['.htaccess', 'closed/.htaccess', 'closed/file.txt', 'closed/deep/file.txt', 'closed/run.php', 'closed/open/file.txt'],
  ...['part-closed/file.txt', 'folder', 'folder/', 'folder?a=b', 'listing/', 'wp-content/uploads/2024/shell.php'],
  ...['wp-content/uploads/2024/gr%C3%BC%C3%9Fe.txt', 'inside.txt', 'outside.txt', 'a%2fb', '..%2f..%2fetc/passwd'],
];

let gateway: LocalGateway;
let local: CloneHandle;
let clone: ClonePodScene;

function linkInside(site: string): void {
  symlinkSync('readme.txt', join(site, 'inside.txt'));
  symlinkSync('/etc/passwd', join(site, 'outside.txt'));
}

describe.skipIf(!canRunContainers)('a clone in a pod, beside one of the gateway', () => {
  beforeAll(async () => {
    gateway = await startLocalGateway();
    local = await gateway.makeClone(SITE);
    linkInside(local.rootPath);
    clone = await startClonePod();
    clone.writeSite(SITE);
    linkInside(clone.pod.folders.site);
    giveToServer(clone.pod.folders.site);
    await clone.pod.ready();
    await clone.admit('open');
  });
  afterAll(async () => {
    await clone?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  it.each(PATHS)('opens and closes the same doors: /%s', async (path) => {
    expect(await seen(await clone.get(path))).toEqual(await seen(await askHost(`${local.url}/${path}`)));
  });

  it('keeps its configuration to itself', async () => {
    clone.writeSite({ 'wp-config.php': '<?php echo "secret";' });
    expect(await seen(await clone.get('wp-config.php'))).toEqual({ status: 'refused' });
  });

  it('tells PHP the address its visitors use', async () => {
    const keys =
      'HTTPS REQUEST_URI SCRIPT_NAME PHP_SELF PATH_INFO DOCUMENT_ROOT SERVER_NAME SERVER_PORT REQUEST_SCHEME REMOTE_ADDR WCR_CLONE_ID';
    const headers = {
      Host: 'clones.example.com',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '1.2.3.4, 203.0.113.9, 10.1.2.3',
    };
    const query = `?keys=${keys.replaceAll(' ', '+')}`;
    expect(await (await clone.get(`show.php/more${query}`, { host: CLONES_HOST, headers })).json()).toEqual({
      HTTPS: 'on',
      REQUEST_URI: `${clone.prefix}/show.php/more${query}`,
      SCRIPT_NAME: `${clone.prefix}/show.php`,
      PHP_SELF: `${clone.prefix}/show.php/more`,
      PATH_INFO: '/more',
      DOCUMENT_ROOT: '/var/www/html',
      SERVER_NAME: 'clones.example.com',
      SERVER_PORT: '443',
      REQUEST_SCHEME: 'https',
      REMOTE_ADDR: '203.0.113.9',
      WCR_CLONE_ID: clone.id,
    });
  });

  it('gives PHP neither programs, nor mail, nor a look at the pod', async () => {
    clone.writeSite({
      'limits.php': `<?php echo json_encode( array(
        'programs' => array_filter( array( 'exec', 'system', 'proc_open', 'popen', 'dl', 'pcntl_exec' ), 'function_exists' ),
        'mail'     => mail( 'a@example.com', 's', 'b' ),
        'secret'   => @file_get_contents( '/etc/wcr/agent.php' ),
        'agent'    => @scandir( '/run/wcr/agent' ),
        'user'     => false !== ini_set( 'open_basedir', '/' ) || false !== ini_set( 'sendmail_path', 'x' ),
        'env'      => array_values( preg_grep( '/SECRET|MARIADB|KUBERNETES/', array_keys( getenv() ) ) ),
        'temp'     => false !== file_put_contents( sys_get_temp_dir() . '/x', 'y' ),
        'limits'   => array_map( 'ini_get', array( 'memory_limit', 'post_max_size', 'upload_max_filesize', 'max_execution_time', 'max_input_vars' ) ),
        'opcache'  => ini_get( 'opcache.enable' ),
      ) );`,
    });
    expect(await (await clone.get('limits.php')).json()).toEqual({
      programs: [],
      mail: true,
      secret: false,
      agent: false,
      user: false,
      env: [],
      temp: true,
      limits: ['256M', '128M', '128M', '60', '5000'],
      opcache: '1',
    });
  });

  it.each([
    ['a=b', 'a=b; path=PREFIX/'],
    ['a=b; Path=/; HttpOnly', 'a=b; path=PREFIX/; HttpOnly'],
    ['a=b; path=PREFIX/wp-admin; Secure', 'a=b; path=PREFIX/wp-admin; Secure'],
    ['a=b; path=PREFIX0/', 'a=b; path=PREFIX/'],
    ['a=b; domain=.example.com; path=/x', 'a=b; path=PREFIX/'],
  ])('binds the cookie %s to the clone', async (cookie, expected) => {
    const told = (text: string): string => text.replace('PREFIX', clone.prefix);
    clone.writeSite({
      'cookie.php': `<?php header( 'Set-Cookie: one=1; path=${clone.prefix}/' ); header( 'Set-Cookie: ${told(cookie)}', false );`,
    });
    expect((await clone.get('cookie.php')).headers.getSetCookie()).toEqual([`one=1; path=${clone.prefix}/`, told(expected)]);
  });

  it('lets no header out that would act for its neighbours, and asks search engines to stay away', async () => {
    const named = ['Clear-Site-Data', 'Service-Worker-Allowed', 'Strict-Transport-Security', 'X-Robots-Tag', 'X-Mine'];
    clone.writeSite({ 'headers.php': `<?php ${named.map((name) => `header( '${name}: all' );`).join(' ')}` });
    const { headers } = await clone.get('headers.php');
    expect(named.map((name) => headers.get(name))).toEqual([null, null, null, 'noindex, nofollow', 'all']);
    expect([headers.get('x-powered-by'), headers.get('server')]).toEqual([null, 'Apache']);
  });
});

describe.skipIf(!canRunContainers)('a clone with a host of its own', () => {
  it('is served from the root, its agent and its probes beside it', async () => {
    await using own = await startClonePod({ prefix: '' });
    mkdirSync(join(own.pod.folders.site, 'folder'));
    writeFileSync(
      join(own.pod.folders.site, 'index.php'),
      '<?php header( "Set-Cookie: a=b; path=/x" ); echo $_SERVER["SCRIPT_NAME"];',
    );
    await own.pod.ready();
    expect((await own.get('')).status).toBe(503);
    await own.admit('open');
    const front = await own.get('some/page/');
    expect([front.status, await front.text(), front.headers.getSetCookie()]).toEqual([200, '/index.php', ['a=b; path=/x']]);
    expect((await own.get('folder', { host: 'own.example.com' })).headers.get('location')).toBe(
      'https://own.example.com/folder/',
    );
    expect((await own.get('.wcr/ready')).status).toBe(200);
    expect((await own.get('.wcr/other')).status).toBe(404);
  });
});

/** What a visitor notices; by which number a door is closed is no matter. */
async function seen(answer: Response): Promise<object> {
  if ([400, 403, 404].includes(answer.status)) return { status: 'refused' };
  const location = answer.headers.get('location');
  if (location !== null) return { status: answer.status, location: location.replace(/^.*\/clone-[^/]+/, '') };
  const type = answer.headers.get('content-type')?.split(';')[0];
  const text = (await answer.text()).replaceAll(/clone-[\w-]+/g, '<id>');
  return { status: answer.status, text, type };
}
