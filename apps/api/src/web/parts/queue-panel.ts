import { hasScope } from '../../access/api-keys.ts';
import type { QueueHealth } from '../queue-health.ts';
import { formatCount, inWords, roughly } from './format.ts';
import type { Viewer } from './frame.ts';
import { type Html, html } from './html.ts';

const VERDICTS: Readonly<Record<QueueHealth['verdict'], { tone: string; text: string }>> = {
  idle: { tone: 'good', text: 'Free: work begins at once' },
  busy: { tone: 'busy', text: 'At work' },
  slow: { tone: 'bad', text: 'Slow: work has waited for over a minute' },
  paused: { tone: 'bad', text: 'Paused by the operator' },
};

/** The queue's health at a glance. */
export function queuePanel(health: QueueHealth, { caller, now, hasBoard }: Viewer): Html {
  const { tone, text } = VERDICTS[health.verdict];
  const isOperator = hasScope(caller, 'queues:read');
  return html`<section class="card" aria-labelledby="queue">
      <h2 id="queue">Queue</h2>
      <p class="verdict ${tone}">${text}</p>
      <dl class="figures">
        <div><dt>running</dt><dd>${formatCount(health.running)}</dd></div>
        <div><dt>waiting</dt><dd>${formatCount(health.waiting)}</dd></div>
        <div><dt>longest wait</dt><dd>${health.waitingSince === undefined ? '–' : roughly(now - health.waitingSince)}</dd></div>
      </dl>
      ${health.paused.length === 0 ? '' : html`<p>Nothing is taken from: ${health.paused.map(inWords).join(', ')}.</p>`}
      ${isOperator ? queueTable(health) : ''}
      ${isOperator && hasBoard ? html`<p><a href="/admin/queues">To the board of queues</a></p>` : ''}
    </section>`;
}

function queueTable({ queues }: QueueHealth): Html {
  return html`<table class="small keep">
      <thead><tr><th scope="col">Queue</th><th scope="col">runs</th><th scope="col">waits</th><th scope="col">failed</th></tr></thead>
      <tbody>
        ${[...queues].map(
          ([name, figures]) => html`<tr>
            <td>${inWords(name)}</td><td>${formatCount(figures.active)}</td>
            <td>${formatCount(figures.waiting + figures.prioritized)}</td><td>${formatCount(figures.failed)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
}
