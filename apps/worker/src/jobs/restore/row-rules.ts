import type { TargetChange } from '@wcr/shared/contracts/restore';
import { type Cell, cellsOf } from '../../base/packed-row.ts';
import { isUnsettled } from '../../base/row-identity.ts';

/** A row's values by the names of its columns. */
export type RowView = (column: string) => string | undefined;

/** What is special about the rows of one of WordPress's tables. */
export type RowRules = {
  /** False for rows that belong to one site only: neither copied nor taken for a change. */
  travels(row: RowView): boolean;
  describe(row: RowView): Pick<TargetChange, 'kind' | 'what'>;
  /** Rows whose coming and going on the target is told even if nothing of it is lost. */
  readonly isWatched: boolean;
  /** Both sites change such rows by themselves: a conflict is told, and does not stop the restore. */
  readonly isLenient: boolean;
};

export type RuleSettings = { readonly adminId: number | null; readonly preserveThemes: boolean };

/** Options that tell something about the one site, or that WordPress and plugins make anew when they are missing. */
const SITE_OPTIONS = new Set([
  ...['siteurl', 'home', 'upload_path', 'upload_url_path', 'blog_public', 'cron', 'rewrite_rules', 'recently_activated'],
  ...[
    'auth_key',
    'auth_salt',
    'secure_auth_key',
    'secure_auth_salt',
    'logged_in_key',
    'logged_in_salt',
    'nonce_key',
    'nonce_salt',
  ],
  ...[
    'db_version',
    'initial_db_version',
    'db_upgraded',
    'can_compress_scripts',
    'auto_core_update_notified',
    'https_detection_errors',
  ],
  ...[
    'recovery_keys',
    'recovery_mode_email_last_sent',
    'admin_email_lifespan',
    'uninstall_plugins',
    'active_plugins',
    'wp_force_deactivated_plugins',
  ],
  ...['fresh_site', 'finished_updating_comment_type', 'auto_plugin_theme_update_emails', 'user_count'],
]);
const SITE_OPTION_PATTERN = /^(_transient_|_site_transient_|wcr_|action_scheduler_|auto_updater\.lock|core_updater\.lock)/;
const THEME_OPTIONS = new Set(['template', 'stylesheet', 'current_theme']);
const OWN_META = new Set(['session_tokens', 'wcr_clone_admin']);
const EDITING_META = new Set(['_edit_lock', '_edit_last']);

/** Tables of running work: queues, sessions. They stay as the target has them. */
const OWN_TABLES = /^(actionscheduler_\w+|woocommerce_sessions|wc_rate_limits|wcr_\w+)$/;

export function travelsAtAll(bareTable: string): boolean {
  return !OWN_TABLES.test(bareTable);
}

/** The rules of a table by its name without the prefix. */
export function rulesFor(bareTable: string, key: readonly string[], settings: RuleSettings): RowRules {
  const admin = settings.adminId === null ? undefined : String(settings.adminId);
  const isAdmins = (column: string) => (row: RowView) => admin !== undefined && row(column) === admin;
  const otherwise: RowRules = {
    travels: () => true,
    describe: (row) => ({ kind: 'row', what: `${bareTable} ${key.map((column) => row(column)).join(', ')}` }),
    isWatched: false,
    isLenient: false,
  };
  switch (bareTable) {
    case 'options':
      return {
        ...otherwise,
        isLenient: true,
        travels: (row) => optionTravels(row('option_name') ?? '', settings),
        describe: (row) => ({ kind: 'option', what: row('option_name') ?? '' }),
      };
    case 'users':
      return {
        ...otherwise,
        isWatched: true,
        travels: (row) => !isAdmins('ID')(row),
        describe: (row) => ({ kind: 'user', what: row('user_login') ?? '' }),
      };
    case 'usermeta':
      return { ...otherwise, travels: (row) => !isAdmins('user_id')(row) && !OWN_META.has(row('meta_key') ?? '') };
    case 'postmeta':
      return { ...otherwise, travels: (row) => !EDITING_META.has(row('meta_key') ?? '') };
    case 'posts':
      return { ...otherwise, isWatched: true, travels: (row) => !isUnsettled(bareTable, row), describe: describePost };
    case 'comments':
      return {
        ...otherwise,
        isWatched: true,
        describe: (row) => ({ kind: 'comment', what: `by ${row('comment_author')} on post ${row('comment_post_ID')}` }),
      };
    case 'wc_orders':
      return { ...otherwise, isWatched: true, describe: (row) => ({ kind: 'order', what: `#${row('id')}` }) };
    default:
      return otherwise;
  }
}

/** A row's values, decoded as far as rules look at them. */
export function viewRow(row: Buffer, columns: readonly string[]): RowView {
  let cells: Cell[] | undefined;
  return (column) => {
    cells ??= cellsOf(row, columns.length);
    return cells[columns.indexOf(column)]?.toString('utf8');
  };
}

function optionTravels(name: string, { preserveThemes }: RuleSettings): boolean {
  return !SITE_OPTIONS.has(name) && !SITE_OPTION_PATTERN.test(name) && !(preserveThemes && THEME_OPTIONS.has(name));
}

function describePost(row: RowView): Pick<TargetChange, 'kind' | 'what'> {
  const type = row('post_type') ?? 'post';
  if (type.startsWith('shop_order')) return { kind: 'order', what: `#${row('ID')}` };
  return {
    kind: type === 'revision' ? 'revision' : 'post',
    what: `${type} ${row('ID')}: ${(row('post_title') ?? '').slice(0, 80)}`,
  };
}
