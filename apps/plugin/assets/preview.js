/** A report of the service as a readable summary: of what a restore would do, or did. */
{
  const page = window.wcrPage;
  const { sprintf, __, _n } = window.wp.i18n;
  const { el, number } = page;
  const KINDS = {
    order: __('Order', 'wp-clone-restore'),
    comment: __('Comment', 'wp-clone-restore'),
    user: __('User', 'wp-clone-restore'),
    post: __('Content', 'wp-clone-restore'),
    revision: __('Earlier version', 'wp-clone-restore'),
    option: __('Setting', 'wp-clone-restore'),
    row: __('Data', 'wp-clone-restore'),
    file: __('File', 'wp-clone-restore'),
  };
  const CHANGES = {
    new: __('new', 'wp-clone-restore'),
    changed: __('changed', 'wp-clone-restore'),
    removed: __('removed', 'wp-clone-restore'),
  };

  const sum = (tables, field) => tables.reduce((total, table) => total + table[field], 0);
  const named = (components) => components.map(({ name, version }) => (version ? `${name} ${version}` : name)).join(', ');
  const row = (label, ...values) => [el('dt', {}, label), el('dd', {}, ...values)];

  const idleText = ({ dryRun }) =>
    dryRun ? __('Nothing to change', 'wp-clone-restore') : __('Nothing was changed', 'wp-clone-restore');

  function tableCells(table) {
    const counts = [table.inserted, table.updated, table.deleted].map((count) => el('td', {}, number(count)));
    return el('tr', {}, el('th', { scope: 'row' }, table.name), ...counts);
  }

  function tablesDetail(tables) {
    const heads = [
      __('Table', 'wp-clone-restore'),
      __('Added', 'wp-clone-restore'),
      __('Changed', 'wp-clone-restore'),
      __('Removed', 'wp-clone-restore'),
    ];
    return el(
      'details',
      { class: 'wcr-details' },
      el('summary', {}, __('Every table', 'wp-clone-restore')),
      el(
        'table',
        { class: 'widefat striped wcr-tables' },
        el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))),
        el('tbody', {}, ...tables.map(tableCells)),
      ),
    );
  }

  function databaseRow(report) {
    const changed = report.tables.filter(({ how }) => how !== 'kept');
    if (changed.length === 0) return row(__('Database', 'wp-clone-restore'), idleText(report));
    const text = sprintf(
      /* translators: 1: number of tables, 2: rows added, 3: rows changed, 4: rows removed. */
      _n(
        '%1$s table; rows: %2$s added, %3$s changed, %4$s removed',
        '%1$s tables; rows: %2$s added, %3$s changed, %4$s removed',
        changed.length,
        'wp-clone-restore',
      ),
      ...[changed.length, sum(changed, 'inserted'), sum(changed, 'updated'), sum(changed, 'deleted')].map(number),
    );
    return row(__('Database', 'wp-clone-restore'), text, tablesDetail(changed));
  }

  function filesRow(report) {
    const { files } = report;
    const isIdle = files.sent + files.removed === 0;
    /* translators: 1: number of files, 2: number of files. */
    const text = sprintf(__('%1$s written, %2$s removed', 'wp-clone-restore'), number(files.sent), number(files.removed));
    return row(__('Files', 'wp-clone-restore'), isIdle ? idleText(report) : text);
  }

  function componentRows(label, { preserved, changed }) {
    const parts = [];
    /* translators: %s: names of plugins or themes. */
    if (changed.length > 0) parts.push(el('div', {}, sprintf(__('Become the clone’s: %s', 'wp-clone-restore'), named(changed))));
    if (preserved.length > 0) {
      /* translators: %s: names of plugins or themes. */
      parts.push(el('div', {}, sprintf(__('Stay as they are: %s', 'wp-clone-restore'), named(preserved))));
    }
    return parts.length > 0 ? row(label, ...parts) : [];
  }

  const changeItem = ({ kind, what, change }) => el('li', {}, `${KINDS[kind] || kind}: ${what} (${CHANGES[change] || change})`);

  function changesList(changes, title, attributes) {
    if (changes.length === 0) return undefined;
    return el('div', attributes, el('h4', {}, title), el('ul', { class: 'ul-disc' }, ...changes.map(changeItem)));
  }

  function sinceThen(report) {
    const lost = report.targetChanges.filter((change) => change.lost);
    const kept = report.targetChanges.filter((change) => !change.lost);
    const unlisted = report.targetChangesTotal - report.targetChanges.length;
    const willBe = report.dryRun
      ? __('Changed here too: would be overwritten', 'wp-clone-restore')
      : __('Changed here too: overwritten', 'wp-clone-restore');
    return [
      el('h3', {}, __('What happened on this site since the clone was made', 'wp-clone-restore')),
      report.targetChangesTotal === 0 ? el('p', {}, __('Nothing that a restore would touch.', 'wp-clone-restore')) : undefined,
      changesList(lost, willBe, { class: 'notice notice-warning inline wcr-notice wcr-lost' }),
      changesList(kept, __('Stays', 'wp-clone-restore'), { class: 'wcr-kept' }),
      /* translators: %s: number. */
      unlisted > 0 ? el('p', {}, sprintf(__('… and %s more.', 'wp-clone-restore'), number(unlisted))) : undefined,
    ];
  }

  /** What would be lost if a restore went on. */
  page.lostIn = (report) => report.targetChanges.filter((change) => change.lost);

  /** True when a restore has nothing to do. */
  page.isIdle = (report) => report.tables.every(({ how }) => how === 'kept') && report.files.sent + report.files.removed === 0;

  page.summary = (report) => {
    const warnings = report.warnings.map((warning) => el('li', {}, warning));
    return el(
      'div',
      { class: 'wcr-summary' },
      el(
        'dl',
        {},
        ...databaseRow(report),
        ...filesRow(report),
        ...componentRows(__('Plugins', 'wp-clone-restore'), report.plugins),
        ...componentRows(__('Themes', 'wp-clone-restore'), report.themes),
      ),
      ...sinceThen(report),
      warnings.length > 0 ? el('h3', {}, __('Good to know', 'wp-clone-restore')) : undefined,
      warnings.length > 0 ? el('ul', { class: 'ul-disc' }, ...warnings) : undefined,
    );
  };
}
