import type { ServerResponse } from 'node:http';
import type { TakenFault, WatchFault } from '../faults.ts';
import { apiVersionOf, type Kind, resourceOf } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../storage/kube-object.ts';
import type { Change } from '../storage/object-store.ts';
import type { Machinery } from '../verbs/machinery.ts';
import type { Selector } from '../verbs/selectors.ts';
import { expired } from './status-error.ts';

/** What somebody wants to hear of. */
export type WatchQuery = {
  readonly kind: Kind;
  readonly namespace: string;
  readonly isSelected: Selector;
  /** Empty or `0`: begin with what is there. */
  readonly resourceVersion: string;
  readonly sendInitialEvents: boolean;
  readonly allowBookmarks: boolean;
  readonly timeoutSeconds: number;
};

/** As often as a real server, about: a bookmark is a promise of nothing else. */
const BOOKMARK_MS = 60_000;
const LONGEST_SECONDS = 1800;

/** Writes events, a line each, until the time is over or the client leaves. */
export function serveWatch(machinery: Machinery, query: WatchQuery, response: ServerResponse, taken?: TakenFault): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const send = writerOf(response, taken);
  const since = Number(query.resourceVersion || '0');
  if (since > 0 && since < machinery.store.compacted) {
    const { compacted } = machinery.store;
    send({ type: 'ERROR', object: expired(`too old resource version: ${since} (${compacted})`).toStatus() });
    response.end();
    return;
  }
  sendFirst(machinery, query, since, send);
  const unsubscribe = machinery.store.subscribe((change) => {
    const event = eventOf(change, query);
    if (event !== undefined) send(event);
  });
  const sendBookmark = () => query.allowBookmarks && send(bookmark(machinery, query.kind, {}));
  const bookmarks = setInterval(sendBookmark, BOOKMARK_MS).unref();
  const end = setTimeout(
    () => {
      sendBookmark();
      response.end();
    },
    Math.min(query.timeoutSeconds || LONGEST_SECONDS, LONGEST_SECONDS) * 1000,
  ).unref();
  response.once('close', () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(end);
  });
}

type WatchEvent = { readonly type: string; readonly object: Fields };
type Send = (event: WatchEvent) => void;

function sendFirst(machinery: Machinery, query: WatchQuery, since: number, send: Send): void {
  const { kind, namespace, isSelected } = query;
  if (since > 0 && !query.sendInitialEvents) {
    for (const change of machinery.store.changesSince(since)) {
      const event = eventOf(change, query);
      if (event !== undefined) send(event);
    }
    return;
  }
  const objects = machinery.store.list(resourceOf(kind), namespace).filter(isSelected);
  for (const object of objects) send({ type: 'ADDED', object });
  if (query.sendInitialEvents) send(bookmark(machinery, kind, { 'k8s.io/initial-events-end': 'true' }));
}

/** What leaves the selection is told as deleted, what enters it as added. */
function eventOf({ key, object, previous, type }: Change, { kind, namespace, isSelected }: WatchQuery): WatchEvent | undefined {
  if (key.resource !== resourceOf(kind) || (namespace !== '' && key.namespace !== namespace)) return undefined;
  const was = previous !== undefined && isSelected(previous);
  const is = type !== 'DELETED' && isSelected(object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  return was ? { type: 'DELETED', object: type === 'DELETED' ? object : lastSelected(previous, object) } : undefined;
}

function lastSelected(previous: KubeObject, { metadata }: KubeObject): KubeObject {
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: metadata.resourceVersion ?? '' } };
}

function bookmark({ store }: Machinery, kind: Kind, annotations: Record<string, string>): WatchEvent {
  const metadata = { resourceVersion: String(store.revision), ...(Object.keys(annotations).length > 0 ? { annotations } : {}) };
  return { type: 'BOOKMARK', object: { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } };
}

function writerOf(response: ServerResponse, taken: TakenFault | undefined): Send {
  const fault = taken?.fault;
  return fault !== undefined && 'afterEvents' in fault ? failingWriter(response, fault) : lineWriter(response);
}

function lineWriter(response: ServerResponse): Send {
  return (event) => {
    if (!response.writableEnded) response.write(`${JSON.stringify(event)}\n`);
  };
}

/** Lets some events pass and then breaks off, between two lines or within one. */
function failingWriter(response: ServerResponse, { type, afterEvents }: WatchFault): Send {
  let left = afterEvents;
  const write = lineWriter(response);
  const breakOff = () => setImmediate(() => response.destroy());
  if (type === 'cut-watch' && left === 0) breakOff();
  return (event) => {
    if (left > 0) {
      left -= 1;
      write(event);
      if (left === 0 && type === 'cut-watch') breakOff();
    } else if (type === 'truncate-watch' && !response.writableEnded) {
      const line = JSON.stringify(event);
      response.end(line.slice(0, Math.floor(line.length / 2)));
    }
  };
}
