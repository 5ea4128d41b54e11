import { dirname, join } from 'node:path';
import type { LocalClonePaths } from '@wcr/shared/contracts/local-clone';

/** Where a clone's PHP takes requests: those of visitors and those of the agent. */
export type PhpSockets = { readonly site: string; readonly agent: string };

export type FpmLayout = {
  readonly cloneId: string;
  readonly paths: LocalClonePaths;
  /** Folder with the agent's code, which the clone may read. */
  readonly agentDir: string;
  readonly sockets: PhpSockets;
};

/** A clone's PHP starts no program: what runs as its user is PHP and nothing else. */
const DISABLED_FUNCTIONS = [
  ...['exec', 'passthru', 'shell_exec', 'system', 'proc_open', 'popen', 'proc_nice', 'proc_terminate', 'proc_get_status'],
  ...['pcntl_exec', 'pcntl_fork', 'pcntl_alarm', 'pcntl_signal', 'posix_kill', 'posix_setuid', 'posix_setgid', 'posix_mkfifo'],
  ...['dl', 'opcache_get_status', 'opcache_get_configuration', 'apache_child_terminate'],
];

/** Settings that only count when PHP starts, as arguments of the program. */
export function fpmArguments(configPath: string): string[] {
  const settings = {
    'cgi.fix_pathinfo': '0',
    expose_php: '0',
    'ffi.enable': '0',
    'opcache.enable': '1',
    'opcache.memory_consumption': '96',
    'opcache.max_accelerated_files': '20000',
    // The agent replaces files; a stale script would be a mixture of two sites.
    'opcache.revalidate_freq': '0',
    'opcache.validate_permission': '1',
    // All passes but the one over data flow: the first visit to a page spends a quarter of its time there, and a clone's pages are
    // seldom seen often enough to make that good.
    'opcache.optimization_level': '0x7FFEBFDF',
  };
  return ['--nodaemonize', '--fpm-config', configPath, ...Object.entries(settings).flatMap(([k, v]) => ['-d', `${k}=${v}`])];
}

/** The text of php-fpm's configuration for one clone; its master runs as the clone's own user already. */
export function renderFpmConfig(layout: FpmLayout): string {
  const { paths } = layout;
  const mayOpen = [paths.site, dirname(paths.agentConfig), paths.agentWork, paths.temp, layout.agentDir];
  const values: Record<string, string> = {
    disable_functions: DISABLED_FUNCTIONS.join(','),
    // Mail is taken and forgotten: plugins believe it was sent.
    sendmail_path: '/bin/true',
    upload_tmp_dir: paths.temp,
    sys_temp_dir: paths.temp,
    'session.save_path': paths.temp,
    'session.save_handler': 'files',
    // Distributions leave the clearing of sessions to a cron job, which knows its own folder only.
    'session.gc_probability': '1',
    memory_limit: '256M',
    post_max_size: '128M',
    upload_max_filesize: '128M',
    max_execution_time: '60',
    max_input_time: '300',
    max_input_vars: '5000',
    display_errors: '0',
    log_errors: '1',
    error_log: join(paths.logs, 'php-error.log'),
    allow_url_include: '0',
  };
  return [
    '[global]',
    `error_log = ${join(paths.logs, 'php-fpm.log')}`,
    'log_level = warning',
    ...renderPool(`${layout.cloneId}-site`, layout.sockets.site, paths, {
      ...values,
      open_basedir: [...mayOpen.map((dir) => `${dir}/`), '/dev/urandom'].join(':'),
    }),
    // The agent guards every path itself. With open_basedir PHP switches its cache of resolved paths off and checks each path
    // anew at every call, of which each small file takes about a dozen.
    ...renderPool(`${layout.cloneId}-agent`, layout.sockets.agent, paths, values),
    '',
  ].join('\n');
}

function renderPool(name: string, socket: string, paths: LocalClonePaths, values: Readonly<Record<string, string>>): string[] {
  return [
    `[${name}]`,
    `listen = ${socket}`,
    'listen.mode = 0600',
    'listen.backlog = 511',
    'pm = ondemand',
    'pm.max_children = 10',
    'pm.process_idle_timeout = 30s',
    'pm.max_requests = 2000',
    // max_execution_time counts no waiting; this does.
    'request_terminate_timeout = 300s',
    'security.limit_extensions = .php',
    'clear_env = yes',
    `chdir = ${paths.site}`,
    ...Object.entries(values).map(([key, value]) => `php_admin_value[${key}] = "${value}"`),
  ];
}
