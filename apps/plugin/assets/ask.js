/** Calls to this site, which passes them on to the service. The browser never talks to the service, and never has its key. */
{
  const page = window.wcrPage;
  const { __ } = window.wp.i18n;
  const BEGIN = '{"wcr":';

  function failure(code, message, hint) {
    return Object.assign(new Error(message), { code, hint });
  }

  /** Others may print something around the answer; it is the object that begins as ours do. */
  function parse(text) {
    const from = text.lastIndexOf(BEGIN);
    if (from < 0) return undefined;
    try {
      return JSON.parse(text.slice(from, text.lastIndexOf('}') + 1));
    } catch (_error) {
      return undefined;
    }
  }

  /**
   * One call. Rejects with an Error that has `code`, `message` and `hint`; `page.away` when this site did not answer, as while it
   * is in maintenance.
   */
  page.ask = async (call, input = {}) => {
    const { ajaxUrl, action, nonce } = page.settings;
    const body = new URLSearchParams({ action, nonce, call, input: JSON.stringify(input) });
    let answer;
    try {
      const response = await window.fetch(ajaxUrl, { method: 'POST', credentials: 'same-origin', body });
      answer = parse(await response.text());
    } catch (_error) {
      answer = undefined;
    }
    if (answer === undefined) {
      throw failure(
        'page.away',
        __('This site does not answer right now.', 'wp-clone-restore'),
        __('It may be in maintenance, or you were logged out. Try again in a moment, or reload the page.', 'wp-clone-restore'),
      );
    }
    if (answer.error) throw failure(answer.error.code, answer.error.message, answer.error.hint);
    return answer.data;
  };

  /** Names a request, so that pressing a button again after a failure does not do it twice. */
  page.newRequest = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
