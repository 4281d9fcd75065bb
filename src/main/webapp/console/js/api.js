// The one way to the server: the session's headers, problems as errors, and what to do when nobody answers.
import { connection } from './connection.js';

const API = '/api/v1';
const PATIENCE_MS = 30_000;
/** Longer than the server lets a statement take: for what reads many rows. */
export const LONG_MS = 90_000;
let session = { caller: '', roles: [], csrf: '' };
let touched = true; // somebody did something since the last request: only that keeps a session alive

for (const event of ['pointerdown', 'keydown']) addEventListener(event, () => { touched = true; }, { passive: true });

/** A failure that the server has explained: a problem document (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The server answered ${status}`);
    this.status = status;
    this.title = body.title ?? `Status ${status}`;
    this.detail = body.detail;
    this.code = body.code ?? `http-${status}`;
    this.requestId = body.requestId;
    this.receipt = body.receipt;
    this.errors = body.errors ?? [];
  }

  /** Whether the same request may work in a while. */
  get passes() {
    return this.status === 503 || this.status === 502 || this.status === 504;
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

export const useSession = (read) => { session = read; };

export function signIn() {
  location.assign(`sign-in.html${location.hash}`);
  return new Promise(() => {}); // the page is left
}

async function send(method, address, options = {}) {
  let { response, refusal } = await exchange(method, address, options);
  if (refusal?.code === 'csrf-token-missing' && await isRenewed()) ({ response, refusal } = await exchange(method, address, options));
  if (refusal) throw new Problem(response.status, refusal);
  connection.answered();
  return response;
}

/**
 * Another tab may have signed in anew. Where that is the same person with the same roles, the page goes on in the new
 * session; for anybody else it begins anew.
 */
async function isRenewed() {
  const before = session;
  session = await readSession();
  if (session.caller !== before.caller || String(session.roles) !== String(before.roles)) {
    location.reload();
    return new Promise(() => {}); // the page is left
  }
  return session.csrf !== before.csrf;
}

async function exchange(method, address, { body, headers = {}, accept = 'application/json', patience } = {}) {
  const safe = method === 'GET';
  const sent = { 'X-Console': touched ? '1' : 'poll', Accept: accept, ...headers };
  touched = false;
  if (!safe) sent['X-CSRF-Token'] = session.csrf;
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(address, {
      method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', redirect: 'error',
      signal: (patience && AbortSignal.timeout?.(patience)) || null,
    });
  } catch {
    throw new Unreachable('The server does not answer.');
  }
  if (response.status === 401) return signIn();
  return { response, refusal: response.ok ? null : await problem(response) };
}

async function problem(response) {
  try {
    return await response.json();
  } catch {
    return { title: `The server answered ${response.status}` };
  }
}

async function json(response) {
  const text = response.status === 204 ? '' : await whole(response.text());
  return { data: text ? JSON.parse(text) : {}, etag: response.headers.get('ETag'), status: response.status };
}

/** An answer's body; one that broke off is none. */
async function whole(body) {
  try {
    return await body;
  } catch {
    throw new Unreachable('The server’s answer broke off.');
  }
}

const read = async (address, patience) => json(await send('GET', address, { patience }));

export const get = async (path, patience = PATIENCE_MS) => (await read(API + path, patience)).data;
export const getWithTag = (path) => read(API + path, PATIENCE_MS);
export const post = async (path, body, headers) => (await json(await send('POST', API + path, { body, headers }))).data;
export const put = async (path, body, headers) => json(await send('PUT', API + path, { body, headers }));
export const patch = async (path, body) => (await json(await send('PATCH', API + path, { body }))).data;
export const del = async (path, headers) => (await json(await send('DELETE', API + path, { headers }))).data;

/** The first so many pages of a list that the answers have under this name, and the cursor of what follows them, if anything does. */
export async function getPages(path, name, pages) {
  const rows = [];
  let next = '';
  for (let page = 0; page < pages; page += 1) {
    const answer = await get(`${path}${next && `?cursor=${next}`}`);
    rows.push(...answer[name]);
    next = answer.next ?? '';
    if (!next) break;
  }
  return { rows, next };
}

/** A download: the answer's bytes as a file. */
export async function download(path, name, accept) {
  const response = await send('GET', API + path, { accept });
  save(await whole(response.blob()), name);
}

export function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const saveJson = (data, name) =>
  save(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }), name);

export const readSession = async () => (await read('session', PATIENCE_MS)).data;
export const endSession = () => send('DELETE', 'session');
