// What pages do by themselves: jobs are followed as they go on, times count down, values are copied. Without it every page
// still works; see docs/web-page.md.

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];
/** Browsers open six connections to a server at most; pages must load beside the streams. */
const MOST_STREAMS = 3;
/** What a job works on may be written a moment after the job has ended. */
const SETTLE_MS = 800;
const RETRY_MS = 5_000;

/** As `formatBytes` on the server. */
function formatBytes(bytes) {
  const power = bytes < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1_000 ** power;
  return `${power === 0 ? Math.round(amount) : amount.toFixed(amount < 100 ? 1 : 0)} ${UNITS[power]}`;
}

/** As `formatDuration` on the server. */
function formatDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (seconds >= 3_600) return `${hours} h ${minutes} min`;
  if (minutes >= 10) return `${minutes} min`;
  return seconds >= 60 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function inWords(name) {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function countDown() {
  for (const time of document.querySelectorAll('time[data-countdown]')) {
    const left = Date.parse(time.dateTime) - Date.now();
    time.textContent = left <= 0 ? 'now' : `in ${formatDuration(left)}`;
  }
}

function showLocalTimes() {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of document.querySelectorAll('time[data-local]')) time.textContent = format.format(new Date(time.dateTime));
}

function offerCopies() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = 'Copied';
    });
  }
}

function shareOfStep({ bytes, totalBytes, done, total }) {
  if (bytes !== undefined && totalBytes) return Math.min(1, bytes / totalBytes);
  return done !== undefined && total ? Math.min(1, done / total) : 0;
}

function amountsOf({ bytes, totalBytes, done, total, message = '' }) {
  if (bytes !== undefined && totalBytes) return `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
  return done !== undefined && total ? `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}` : message;
}

/** Tells how long a step still takes at the pace it has had since it was first seen. */
function createPace() {
  let first;
  return ({ step, bytes = 0, totalBytes = 0, at }) => {
    if (first?.step !== step) first = { step, bytes, at };
    const [moved, ms] = [bytes - first.bytes, at - first.at];
    if (moved <= 0 || ms < 2_000 || bytes >= totalBytes) return '';
    return `about ${formatDuration(((totalBytes - bytes) * ms) / moved)} left`;
  };
}

function fill(place, part, text) {
  const element = place.querySelector(`[data-part="${part}"]`);
  if (element && element.textContent !== text) element.textContent = text;
}

function showProgress(place, progress, pace) {
  fill(place, 'step', `Step ${progress.stepNumber} of ${progress.stepCount}: ${inWords(progress.step)}`);
  fill(place, 'amounts', amountsOf(progress));
  fill(place, 'left', pace(progress));
  const bar = place.querySelector('[data-part="bar"]');
  if (bar) bar.value = Math.min(1, (progress.stepNumber - 1 + shareOfStep(progress)) / progress.stepCount);
}

function logLine(text) {
  const [, at = '', step = '', message = text] = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\S* \[([\w-]+)\] (.*)$/s.exec(text) ?? [];
  const parts = [
    ['at', at],
    ['tag', step],
  ].map(([name, content]) => {
    const part = document.createElement('span');
    part.className = name;
    part.textContent = content;
    return part;
  });
  const line = document.createElement('li');
  line.append(parts[0], ' ', parts[1], ` ${message}`);
  return line;
}

/** The log is told from its beginning at each new connection that does not say where the last one ended. */
function followLog(log, source) {
  let isFresh = true;
  source.addEventListener('log', ({ data }) => {
    if (isFresh) log.replaceChildren();
    isFresh = false;
    document.querySelector('[data-part="no-log"]')?.remove();
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
    log.append(logLine(JSON.parse(data).line));
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  });
}

function loadAgain(afterMs) {
  // A form that was refused stays as it is.
  if (document.querySelector('[data-hold]')) return;
  setTimeout(() => {
    // Nothing that was typed gets lost.
    const isTyped = [...document.querySelectorAll('input, textarea')].some(({ value, defaultValue }) => value !== defaultValue);
    if (isTyped) loadAgain(afterMs);
    else location.replace(location.pathname + location.search.replace(/([?&])done=[^&]*&?/, '$1').replace(/[?&]$/, ''));
  }, afterMs);
}

/** What depends on how far a job is, such as a status, is asked for anew and takes the place of the old. */
async function refreshParts() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const old of document.querySelectorAll('[data-fresh]')) {
    const fresh = page.getElementById(old.id);
    if (fresh && !old.contains(document.activeElement)) old.replaceWith(fresh);
  }
  countDown();
  showLocalTimes();
}

function followJob(place) {
  const source = new EventSource(place.dataset.events);
  const pace = createPace();
  let lastStep;
  const show = (progress) => {
    showProgress(place, progress, pace);
    if (progress.step === lastStep) return;
    lastStep = progress.step;
    // A line that breaks now is noticed by the stream, too.
    refreshParts().catch(() => undefined);
  };
  source.addEventListener('state', ({ data }) => {
    const { progress } = JSON.parse(data);
    if (progress) show(progress);
  });
  source.addEventListener('progress', ({ data }) => show(JSON.parse(data)));
  const log = document.querySelector('[data-log]');
  if (log?.dataset.log === place.dataset.events) followLog(log, source);
  const end = () => {
    source.close();
    loadAgain(SETTLE_MS);
  };
  source.addEventListener('completed', end);
  source.addEventListener('failed', end);
  // A broken line is taken up again by the browser; a refusal is not, and then the page says what is the matter.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) loadAgain(RETRY_MS);
  });
}

countDown();
setInterval(countDown, 1_000);
showLocalTimes();
offerCopies();
if (document.querySelector('[data-reload]')) loadAgain(RETRY_MS);
for (const place of [...document.querySelectorAll('[data-events]')].slice(0, MOST_STREAMS)) followJob(place);
