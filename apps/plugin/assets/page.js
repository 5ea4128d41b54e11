/** Begins: connects, asks what there is, and follows what is under way. */
{
  const page = window.wcrPage;
  const { sprintf, __ } = window.wp.i18n;
  const { el } = page;
  let request = page.newRequest();

  function showConnection() {
    const { connection } = page.settings;
    page.show(page.byId('connect'), !connection);
    page.show(page.byId('main'), Boolean(connection));
    if (!connection) return;
    /* translators: 1: address of the service, 2: last characters of the key. */
    const text = __('Connected to %1$s with the key that ends in %2$s.', 'wp-clone-restore');
    page.byId('connected-to').textContent = sprintf(text, connection.url, connection.keyEnd);
  }

  /** Asks anew what there is. */
  page.refresh = async () => {
    const overview = await page.ask('overview');
    page.showClones(overview.clones);
    page.showHistory(overview.restores);
    return overview;
  };

  /** Follows a clone that is being made, and tells how it ended. */
  async function followClone(jobId, again) {
    const job = await page.follow(jobId, { title: __('Cloning this site', 'wp-clone-restore'), again });
    await page.refresh();
    if (job.status !== 'completed') return;
    page.tell(page.notice('success', el('p', {}, __('The clone is ready.', 'wp-clone-restore'))));
  }

  async function askForClone(input) {
    const { jobId } = await page.ask('clone', Object.assign({ request }, input));
    request = page.newRequest();
    return jobId;
  }

  /** Takes up what was under way when the page was left. */
  async function resume({ clones, restores }) {
    const clone = clones.find(page.isUnfinished);
    const undo = restores.find(({ status }) => status === 'rolling-back');
    const restore = restores.find(({ status }) => status === 'queued' || status === 'running');
    if (undo) await page.followUndo(undo.rollbackJobId, undo.id);
    else if (restore) await page.followRestore(restore.jobId, () => restore.id);
    else if (clone) await followClone(clone.jobId);
  }

  async function start() {
    showConnection();
    if (!page.settings.connection) return;
    await resume(await page.refresh());
  }

  /** A form whose submission is work that may fail. */
  function onSubmit(id, work) {
    page.byId(id).addEventListener('submit', (event) => {
      event.preventDefault();
      const form = event.currentTarget;
      void page.whileBusy(form.querySelector('[type="submit"]'), () => work(form));
    });
  }

  onSubmit('connect-form', async () => {
    page.clearMessage();
    const key = page.byId('key');
    page.settings.connection = await page.ask('connect', { url: page.byId('url').value, key: key.value });
    key.value = '';
    showConnection();
    page.tell(
      page.notice(
        'success',
        el('p', {}, __('The service answers, and the key is good. You can clone this site now.', 'wp-clone-restore')),
      ),
    );
    await page.refresh();
  });

  onSubmit('new-form', async () => {
    page.refuseWhileFollowing();
    page.clearMessage();
    const input = {
      ttlMinutes: Number(page.byId('ttl').value),
      name: page.byId('name').value,
      excludePaths: page.byId('exclude').value,
    };
    const jobId = await askForClone(input);
    page.byId('name').value = '';
    await page.refresh();
    await followClone(jobId, () => askForClone(input));
  });

  page.byId('disconnect').addEventListener('click', (event) => {
    void page.whileBusy(event.currentTarget, async () => {
      await page.ask('disconnect');
      page.settings.connection = null;
      showConnection();
      const text = __(
        'Disconnected. The key was removed from this site; clones that exist live on until they expire.',
        'wp-clone-restore',
      );
      page.tell(page.notice('info', el('p', {}, text)));
    });
  });

  start().catch(page.tellProblem);
}
