/** What the page's scripts share, and how they build what they show. Text becomes text, never HTML. */
window.wcrPage = {};

{
  const page = window.wcrPage;
  page.settings = window.wcrSettings;
  page.byId = (id) => document.getElementById(`wcr-${id}`);

  /** An element: `attributes` by name (`true` and functions as properties), children elements or text. */
  page.el = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === false || value === null) continue;
      if (typeof value === 'function' || value === true) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
    return element;
  };

  page.button = (label, onclick, attributes) =>
    page.el('button', Object.assign({ type: 'button', class: 'button', onclick }, attributes), label);

  page.replace = (element, ...children) => {
    element.textContent = '';
    element.append(...children.filter(Boolean));
  };

  page.show = (element, isShown) => {
    element.hidden = !isShown;
  };

  /** A notice of WordPress's; `inline` keeps it where it is. */
  page.notice = (kind, ...children) => page.el('div', { class: `notice notice-${kind} inline wcr-notice` }, ...children);

  /** What went wrong, and what to do about it. */
  page.problem = (error, ...actions) =>
    page.notice(
      'error',
      page.el('p', {}, page.el('strong', {}, error.message)),
      error.hint ? page.el('p', {}, error.hint) : undefined,
      actions.length > 0 ? page.el('p', { class: 'wcr-actions' }, ...actions) : undefined,
    );

  /** Shows one message above everything, says it to screen readers, and leads the keyboard there. */
  page.tell = (notice) => {
    const place = page.byId('message');
    page.replace(place, notice);
    window.wp.a11y.speak(notice.textContent, 'assertive');
    place.focus();
  };

  page.tellProblem = (error) => page.tell(page.problem(error));

  page.clearMessage = () => page.replace(page.byId('message'));

  /** Keeps a button from being pressed twice, without taking the focus from it. */
  page.whileBusy = async (button, work) => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    button.classList.add('wcr-busy');
    try {
      await work();
    } catch (error) {
      page.tellProblem(error);
    } finally {
      button.removeAttribute('aria-disabled');
      button.classList.remove('wcr-busy');
    }
  };
}
