/** The list of this site's clones, and what can be done with each. */
{
  const page = window.wcrPage;
  const { sprintf, __ } = window.wp.i18n;
  const { el } = page;
  const STATUS = {
    queued: __('Being made', 'wp-clone-restore'),
    provisioning: __('Being made', 'wp-clone-restore'),
    copying: __('Being made', 'wp-clone-restore'),
    ready: __('Ready', 'wp-clone-restore'),
    expiring: __('Being removed', 'wp-clone-restore'),
    expired: __('Expired', 'wp-clone-restore'),
    failed: __('Failed', 'wp-clone-restore'),
  };
  const LIVES = [
    [60, __('1 hour from now', 'wp-clone-restore')],
    [240, __('4 hours from now', 'wp-clone-restore')],
    [1440, __('1 day from now', 'wp-clone-restore')],
    [4320, __('3 days from now', 'wp-clone-restore')],
    [10080, __('1 week from now', 'wp-clone-restore')],
  ];
  const UNFINISHED = ['queued', 'provisioning', 'copying'];

  page.isUnfinished = ({ status }) => UNFINISHED.includes(status);
  page.nameOf = (clone) => clone.name || page.dateTime(clone.createdAt);

  /** Words for screen readers that tell apart buttons of the same label. */
  const about = (clone) => el('span', { class: 'screen-reader-text' }, ` (${page.nameOf(clone)})`);

  /** Opens a new tab by a form: the link it leads to works once, and no script sees it. */
  function loginForm(clone) {
    const { loginUrl, loginAction, loginNonce } = page.settings;
    const hidden = { action: loginAction, _wpnonce: loginNonce, clone: clone.id };
    return el(
      'form',
      { method: 'post', action: loginUrl, target: '_blank', rel: 'noopener' },
      ...Object.entries(hidden).map(([name, value]) => el('input', { type: 'hidden', name, value })),
      el(
        'button',
        { type: 'submit', class: 'button button-primary' },
        __('Log in to the clone', 'wp-clone-restore'),
        newTab(clone),
      ),
    );
  }

  const newTab = (clone) =>
    /* translators: %s: name of a clone. */
    el(
      'span',
      { class: 'screen-reader-text' },
      ` ${sprintf(__('(%s, opens in a new tab)', 'wp-clone-restore'), page.nameOf(clone))}`,
    );

  function extendForm(clone) {
    const id = `wcr-life-${clone.id}`;
    const select = el('select', { id }, ...LIVES.map(([minutes, label]) => el('option', { value: String(minutes) }, label)));
    select.value = '1440';
    const submit = el('button', { type: 'submit', class: 'button' }, __('Change', 'wp-clone-restore'), about(clone));
    const onsubmit = (event) => {
      event.preventDefault();
      void page.whileBusy(submit, async () => {
        const changed = await page.ask('extend', { cloneId: clone.id, ttlMinutes: Number(select.value) });
        await page.refresh();
        /* translators: %s: date and time. */
        const text = sprintf(__('The clone now lives until %s.', 'wp-clone-restore'), page.dateTime(changed.expiresAt));
        page.tell(page.notice('success', el('p', {}, text)));
      });
    };
    return el(
      'form',
      { class: 'wcr-extend', onsubmit },
      el('label', { for: id }, __('Let it live for', 'wp-clone-restore')),
      select,
      submit,
    );
  }

  /** Asks once more in the same place before it deletes. */
  function deleteButton(clone) {
    const place = el('span', { class: 'wcr-delete' });
    const ask = () => {
      const keep = page.button(__('Keep it', 'wp-clone-restore'), () => offer(true));
      const remove = async () => {
        await page.ask('delete', { cloneId: clone.id });
        await page.refresh();
        page.tell(page.notice('success', el('p', {}, __('The clone is being removed.', 'wp-clone-restore'))));
      };
      const really = page.button(__('Delete for good', 'wp-clone-restore'), () => void page.whileBusy(really, remove), {
        class: 'button wcr-danger',
      });
      page.replace(place, really, keep);
      keep.focus();
    };
    const offer = (isBack) => {
      const button = page.button(__('Delete', 'wp-clone-restore'), ask, { class: 'button-link button-link-delete' });
      button.append(about(clone));
      page.replace(place, button);
      if (isBack === true) button.focus();
    };
    offer();
    return place;
  }

  function actionsOf(clone) {
    const restore = page.button(__('Restore from it…', 'wp-clone-restore'), () => page.openRestore(clone));
    restore.append(about(clone));
    return [el('div', { class: 'wcr-actions' }, loginForm(clone), restore, deleteButton(clone)), extendForm(clone)];
  }

  function sizesOf({ sizes }) {
    if (!sizes) return undefined;
    /* translators: 1: size of the files, 2: size of the database. */
    const text = __('%1$s of files, %2$s of database', 'wp-clone-restore');
    return el('span', {}, sprintf(text, page.bytes(sizes.fileBytes), page.bytes(sizes.databaseBytes)));
  }

  function metaOf(clone) {
    const isReady = clone.status === 'ready';
    const left = el('time', { datetime: clone.expiresAt, 'data-wcr-until': 'here' }, page.timeLeft(clone.expiresAt));
    const link = el(
      'a',
      { href: clone.url, target: '_blank', rel: 'noopener noreferrer' },
      el('bdi', { dir: 'ltr' }, clone.url),
      newTab(clone),
    );
    return el('p', { class: 'wcr-meta' }, isReady ? link : undefined, isReady ? left : undefined, sizesOf(clone));
  }

  function item(clone) {
    const badge = el('span', { class: `wcr-badge wcr-badge-${clone.status}` }, STATUS[clone.status] || clone.status);
    const title = el('h3', { class: 'wcr-title' }, page.nameOf(clone), ' ', badge);
    const error = clone.status === 'failed' && clone.error ? page.problem(clone.error) : undefined;
    const actions = clone.status === 'ready' ? actionsOf(clone) : [];
    return el('li', { class: 'wcr-item', 'data-wcr-clone': clone.id }, title, metaOf(clone), error, ...actions);
  }

  page.showClones = (clones) => {
    page.replace(page.byId('clones'), ...clones.map(item));
    const none = page.byId('no-clones');
    none.textContent = __('There is none yet.', 'wp-clone-restore');
    page.show(none, clones.length === 0);
  };

  setInterval(() => {
    for (const time of document.querySelectorAll('#wcr-page [data-wcr-until]')) time.textContent = page.timeLeft(time.dateTime);
  }, 30000);
}
