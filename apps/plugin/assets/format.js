/** Sizes and times as people read them, in the language of the person's profile. */
{
  const page = window.wcrPage;
  const { sprintf, __, _n } = window.wp.i18n;
  const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];
  const MINUTE_MS = 60000;

  /** A locale that the browser does not know must not end the page. */
  const locale = (() => {
    try {
      return Intl.getCanonicalLocales(page.settings.locale)[0];
    } catch (_error) {
      return undefined;
    }
  })();
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

  page.number = (value) => new Intl.NumberFormat(locale).format(value);

  page.bytes = (count) => {
    const power = count < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
    const digits = { maximumFractionDigits: power > 1 ? 1 : 0 };
    return `${new Intl.NumberFormat(locale, digits).format(count / 1024 ** power)} ${UNITS[power]}`;
  };

  page.dateTime = (iso) => dateTime.format(new Date(iso));

  /** E.g. “3 hours”; the largest unit that says enough. */
  page.duration = (ms) => {
    const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
    /* translators: %s: number. */
    if (minutes < 120) return sprintf(_n('%s minute', '%s minutes', minutes, 'wp-clone-restore'), page.number(minutes));
    const hours = Math.round(minutes / 60);
    /* translators: %s: number. */
    if (hours < 48) return sprintf(_n('%s hour', '%s hours', hours, 'wp-clone-restore'), page.number(hours));
    const days = Math.round(hours / 24);
    /* translators: %s: number. */
    return sprintf(_n('%s day', '%s days', days, 'wp-clone-restore'), page.number(days));
  };

  /** How long something is there yet, and until when. */
  page.timeLeft = (iso) => {
    const ms = Date.parse(iso) - Date.now();
    if (ms <= 0) return __('Time is up', 'wp-clone-restore');
    /* translators: 1: time span such as “3 hours”, 2: date and time. */
    return sprintf(__('%1$s left, until %2$s', 'wp-clone-restore'), page.duration(ms), page.dateTime(iso));
  };
}
