/** From a clone to this site: preview, typed confirmation, restore. */
{
  const page = window.wcrPage;
  const { sprintf, __, _n } = window.wp.i18n;
  const { el } = page;

  const OPTIONS = [
    ['preservePlugins', true, __('Keep this site’s plugins as they are', 'wp-clone-restore')],
    ['preserveThemes', false, __('Keep this site’s themes as they are', 'wp-clone-restore')],
    ['preserveUploads', false, __('Keep this site’s uploads as they are', 'wp-clone-restore')],
  ];

  function field(id, label, input, help) {
    if (help) input.setAttribute('aria-describedby', `${id}-help`);
    return el(
      'p',
      { class: 'wcr-field' },
      el('label', { for: id }, label),
      input,
      help ? el('span', { class: 'description', id: `${id}-help` }, help) : undefined,
    );
  }

  function optionBox([name, isOn, label], onchange) {
    const box = el('input', { type: 'checkbox', id: `wcr-${name}`, checked: isOn, onchange });
    return el('label', { for: `wcr-${name}`, class: 'wcr-check' }, box, ' ', label);
  }

  /** What is ticked; the same for a preview and for the restore that follows it. */
  function readOptions() {
    const chosen = {};
    for (const [name] of OPTIONS) chosen[name] = page.byId(name).checked;
    return chosen;
  }

  /** The restore was refused because this site has changed: its report tells what would be lost. */
  const isRefusal = (job) => Boolean(job.error && job.error.code === 'restore.target_changed');

  async function preview(clone, result) {
    page.refuseWhileFollowing();
    page.clearMessage();
    page.replace(result);
    const order = Object.assign({ cloneId: clone.id }, readOptions());
    let accepted;
    const again = async () => {
      accepted = await page.ask('preview', Object.assign({ request: page.newRequest() }, order));
      return accepted.jobId;
    };
    const title = __('Comparing the clone with this site', 'wp-clone-restore');
    const job = await page.follow(await again(), { title, isPreview: true, isAnswer: isRefusal, again });
    if (job.status !== 'completed' && !isRefusal(job)) return;
    const { report } = await page.ask('report', { restoreId: accepted.restoreId });
    showPreview(clone, result, report);
  }

  function showPreview(clone, result, report) {
    const heading = el('h3', { tabindex: '-1', id: 'wcr-preview-title' }, headline(report));
    page.replace(result, heading, page.summary(report), page.isIdle(report) ? undefined : confirmation(clone, report));
    heading.focus();
    window.wp.a11y.speak(heading.textContent);
  }

  function headline(report) {
    if (page.isIdle(report)) return __('The clone and this site are the same: there is nothing to restore', 'wp-clone-restore');
    const lost = page.lostIn(report).length;
    if (lost === 0) return __('This is what would change. Nothing of this site would be lost.', 'wp-clone-restore');
    return sprintf(
      /* translators: %s: number. */
      _n(
        '%s change made here since would be overwritten',
        '%s changes made here since would be overwritten',
        lost,
        'wp-clone-restore',
      ),
      page.number(lost),
    );
  }

  /** The part that writes: a ticked box where something would be lost, and the typed name of this site. */
  function confirmation(clone, report) {
    const { host } = page.settings;
    const overwrite = el('input', { type: 'checkbox', id: 'wcr-overwrite', required: true });
    const typed = el('input', {
      type: 'text',
      id: 'wcr-confirm',
      class: 'regular-text code',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    const hasLoss = page.lostIn(report).length > 0;
    const submit = el(
      'button',
      { type: 'submit', class: 'button button-primary' },
      __('Restore to this site', 'wp-clone-restore'),
    );
    const request = page.newRequest();
    const onsubmit = (event) => {
      event.preventDefault();
      const confirmed = { confirmation: typed.value, overwriteTargetChanges: hasLoss && overwrite.checked, request };
      void page.whileBusy(submit, () => restore(clone, confirmed));
    };
    return el(
      'form',
      { class: 'wcr-form wcr-confirm', onsubmit },
      hasLoss
        ? el(
            'label',
            { for: 'wcr-overwrite', class: 'wcr-check' },
            overwrite,
            ' ',
            __('Overwrite these changes', 'wp-clone-restore'),
          )
        : undefined,
      field(
        'wcr-confirm',
        /* translators: %s: host name of this site. */
        sprintf(__('Type %s to confirm', 'wp-clone-restore'), host),
        typed,
        __('This site is changed. A restore point is kept, with which you can undo it for some time.', 'wp-clone-restore'),
      ),
      el('p', {}, submit),
    );
  }

  async function restore(clone, confirmed) {
    page.refuseWhileFollowing();
    page.clearMessage();
    const order = Object.assign({ cloneId: clone.id }, readOptions(), confirmed);
    let accepted = await page.ask('restore', order);
    const again = async () => {
      accepted = await page.ask('restore', Object.assign({}, order, { request: page.newRequest() }));
      return accepted.jobId;
    };
    page.show(page.byId('restore'), false);
    await page.followRestore(accepted.jobId, () => accepted.restoreId, again);
  }

  /** Follows a restore that is under way, and tells how it ended. `idOf()` gives the id of the last one that was asked for. */
  page.followRestore = async (jobId, idOf, again) => {
    const title = __('Restoring this site', 'wp-clone-restore');
    const job = await page.follow(jobId, { title, again });
    await page.refresh();
    if (job.status !== 'completed') return;
    page.tell(page.notice('success', el('p', {}, __('This site has been restored from the clone.', 'wp-clone-restore'))));
    await page.openReport(idOf());
  };

  /** Opens the panel for one clone and leads the keyboard to it. */
  page.openRestore = (clone) => {
    const panel = page.byId('restore');
    const result = el('div', { id: 'wcr-preview' });
    const forget = () => page.replace(result);
    const look = (event) => void page.whileBusy(event.currentTarget, () => preview(clone, result));
    const boxes = OPTIONS.map((option) => optionBox(option, forget));
    const close = () => {
      page.show(panel, false);
      page.byId('clones').querySelector('button').focus();
    };
    page.replace(
      panel,
      /* translators: %s: name of a clone. */
      el('h2', { id: 'wcr-restore-title' }, sprintf(__('Restore from “%s”', 'wp-clone-restore'), page.nameOf(clone))),
      el(
        'p',
        {},
        __(
          'Only what you changed in the clone is brought back. What came to this site meanwhile (orders, comments, users) stays.',
          'wp-clone-restore',
        ),
      ),
      el('fieldset', {}, el('legend', { class: 'screen-reader-text' }, __('Options', 'wp-clone-restore')), ...boxes),
      el(
        'p',
        { class: 'wcr-actions' },
        page.button(__('Preview restore', 'wp-clone-restore'), look, { class: 'button button-primary', id: 'wcr-look' }),
        page.button(__('Close', 'wp-clone-restore'), close),
      ),
      result,
    );
    page.show(panel, true);
    panel.focus();
  };
}
