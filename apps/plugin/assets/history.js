/** Restores to this site: their reports, and the way back while a restore point lives. */
{
  const page = window.wcrPage;
  const { sprintf, __ } = window.wp.i18n;
  const { el } = page;
  const STATUS = {
    queued: __('Waiting', 'wp-clone-restore'),
    running: __('Under way', 'wp-clone-restore'),
    completed: __('Done', 'wp-clone-restore'),
    failed: __('Failed', 'wp-clone-restore'),
    'rolling-back': __('Being undone', 'wp-clone-restore'),
    'rolled-back': __('Undone', 'wp-clone-restore'),
  };

  /** Follows an undo that is under way, and tells how it ended. */
  page.followUndo = async (jobId, restoreId) => {
    const again = async () => (await page.ask('undo', { restoreId })).jobId;
    const job = await page.follow(jobId, { title: __('Undoing the restore', 'wp-clone-restore'), again });
    await page.refresh();
    if (job.status !== 'completed') return;
    const text = __('This site is as it was before the restore. What visitors wrote since has stayed.', 'wp-clone-restore');
    page.tell(page.notice('success', el('p', {}, text)));
  };

  async function undo(restore) {
    page.refuseWhileFollowing();
    page.clearMessage();
    const { jobId } = await page.ask('undo', { restoreId: restore.id });
    await page.followUndo(jobId, restore.id);
  }

  /** Asks once more in the same place before it undoes. */
  function undoButton(restore) {
    const place = el('span', {});
    const ask = () => {
      const keep = page.button(__('Leave it', 'wp-clone-restore'), () => offer(true));
      const really = page.button(
        __('Undo this restore now', 'wp-clone-restore'),
        () => void page.whileBusy(really, () => undo(restore)),
        {
          class: 'button wcr-danger',
        },
      );
      page.replace(place, really, keep);
      keep.focus();
    };
    const offer = (isBack) => {
      const button = page.button(__('Undo', 'wp-clone-restore'), ask);
      page.replace(place, button);
      if (isBack === true) button.focus();
    };
    offer();
    return place;
  }

  /** Shows the report of one restore below it, or hides it again. */
  async function toggleReport(restore, button, place) {
    if (button.getAttribute('aria-expanded') === 'true') {
      button.setAttribute('aria-expanded', 'false');
      page.replace(place);
      return;
    }
    const { report } = await page.ask('report', { restoreId: restore.id });
    button.setAttribute('aria-expanded', 'true');
    page.replace(place, report ? page.summary(report) : el('p', {}, __('There is no report.', 'wp-clone-restore')));
  }

  function untilText({ restorePointUntil }) {
    /* translators: %s: date and time. */
    return restorePointUntil
      ? el(
          'p',
          { class: 'description' },
          sprintf(__('Can be undone until %s.', 'wp-clone-restore'), page.dateTime(restorePointUntil)),
        )
      : undefined;
  }

  function item(restore) {
    const place = el('div', { id: `wcr-report-${restore.id}` });
    const look = (event) => void page.whileBusy(event.currentTarget, () => toggleReport(restore, report, place));
    const report = page.button(__('Report', 'wp-clone-restore'), look, {
      'aria-expanded': 'false',
      'aria-controls': place.id,
      'data-wcr-report': restore.id,
    });
    const badge = el('span', { class: `wcr-badge wcr-badge-${restore.status}` }, STATUS[restore.status] || restore.status);
    const canUndo = restore.restorePointUntil && restore.status === 'completed';
    return el(
      'li',
      { class: 'wcr-item' },
      el('h3', { class: 'wcr-title' }, page.dateTime(restore.createdAt), ' ', badge),
      restore.error ? page.problem(restore.error) : undefined,
      untilText(restore),
      el('div', { class: 'wcr-actions' }, report, canUndo ? undoButton(restore) : undefined),
      place,
    );
  }

  page.showHistory = (restores) => {
    page.replace(page.byId('history'), ...restores.map(item));
    page.show(page.byId('history-card'), restores.length > 0);
  };

  /** Opens the report of a restore that is in the list. */
  page.openReport = async (restoreId) => {
    const button = page.byId('history').querySelector(`[data-wcr-report="${restoreId}"]`);
    if (button && button.getAttribute('aria-expanded') === 'false') button.click();
  };
}
