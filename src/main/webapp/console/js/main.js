// The frame: who is signed in, which pages there are, and which one is shown.
import { render, h } from './dom.js';
import { zone } from './format.js';
import { problemBox } from './parts.js';
import { Problem, Unreachable } from './api.js';
import { closeAll } from './ask.js';
import { connection } from './connection.js';
import { caller, close, may, open, roles } from './session.js';
import { keptPage } from './page.js';
import { useTheme } from './theme.js';
import { overview } from './pages/overview.js';
import { keys } from './pages/keys.js';
import { key } from './pages/key.js';
import { jobs } from './pages/jobs.js';
import { rotation } from './pages/rotation.js';
import { bulk } from './pages/bulk.js';
import { quarantine } from './pages/quarantine.js';
import { erasures } from './pages/erasures.js';
import { erasure } from './pages/erasure.js';
import { retention } from './pages/retention.js';
import { subject } from './pages/subject.js';
import { audit } from './pages/audit.js';
import { approval, approvals } from './pages/approvals.js';

const ID = '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})';

/** Each page: its path, its name, what somebody must be allowed who sees it. Those in the menu have `menu`. */
const PAGES = [
  { path: /^\/overview$/, href: '#/overview', name: 'Overview', needs: 'GET /overview', page: overview, menu: true },
  { path: /^\/jobs$/, href: '#/jobs', name: 'Jobs', needs: 'GET /jobs', page: jobs, menu: true },
  { path: /^\/keys$/, href: '#/keys', name: 'Keys', needs: 'GET /keys', page: keys, menu: true },
  { path: /^\/keys\/([1-9]\d{0,8})$/, name: 'Key version', needs: 'GET /keys/{version}', page: key },
  { path: new RegExp(`^/rotations/${ID}$`), name: 'Rotation', needs: 'GET /rotations/{rotation}', page: rotation },
  { path: new RegExp(`^/bulk/${ID}$`), name: 'Erasure of many', needs: 'GET /erasures/bulk/{bulk}', page: bulk },
  { path: /^\/quarantine$/, href: '#/quarantine', name: 'Quarantine', needs: 'GET /quarantine', page: quarantine, menu: true },
  { path: /^\/approvals$/, href: '#/approvals', name: 'Approvals', needs: 'GET /approvals', page: approvals, menu: true },
  { path: new RegExp(`^/approvals/${ID}$`), name: 'Request', needs: 'GET /approvals', page: approval },
  { path: /^\/erasures$/, href: '#/erasures', name: 'Erasures', needs: 'GET /erasures/recent', page: erasures, menu: true },
  { path: new RegExp(`^/erasures/${ID}$`), name: 'Receipt', needs: 'GET /erasures/{erasure}', page: erasure },
  { path: /^\/retention$/, href: '#/retention', name: 'Retention', needs: 'GET /policies', page: retention, menu: true },
  { path: /^\/subjects$/, href: '#/subjects', name: 'Subjects', needs: 'GET /subjects/{subject}', page: subject, menu: true },
  { path: new RegExp(`^/subjects/${ID}$`), name: 'Subject', needs: 'GET /subjects/{subject}', page: subject },
  { path: /^\/audit$/, href: '#/audit', name: 'Audit', needs: 'GET /audit/checkpoints', page: audit, menu: true },
];

const content = document.getElementById('content');
const nav = document.getElementById('nav');
const menu = document.getElementById('menu');
let shown = null;

const seen = () => PAGES.filter((page) => may(page.needs));

function find(path) {
  for (const page of PAGES) {
    const found = page.path.exec(path);
    if (found) return { page, parts: found.slice(1) };
  }
  return null;
}

function show() {
  const path = location.hash.slice(1).split('?')[0] || '/';
  const mine = seen();
  if (path === '/') return location.replace(mine.find((page) => page.menu)?.href ?? '#/overview');
  shown?.stop();
  closeAll();
  shown = null;
  const found = find(path);
  const place = h('div', { class: 'page' }, h('p', { class: 'empty' }, 'Reading …'));
  content.replaceChildren(place);
  drawMenu(path);
  closeMenu();
  if (!found) return refuse(place, 'There is no such page', 'Choose one from the menu.');
  document.title = `${found.page.name} · Template Vault`;
  if (!mine.includes(found.page)) return refuse(place, 'Not for your roles', `You have ${roles().join(', ') || 'no role'}. Choose a page from the menu, or sign in as somebody else.`);
  shown = found.page.page(place, (error) => fail(place, error), ...found.parts);
  content.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  return undefined;
}

function refuse(place, title, words) {
  document.title = `${title} · Template Vault`;
  render(place, h('h1', {}, title), h('p', {}, words));
}

/** What no patience mends; the page may have shown something already, which is no longer true. */
function fail(place, error) {
  const missing = error instanceof Problem && (error.status === 404 || error.status === 410);
  render(place, h('h1', {}, missing ? 'Not found' : 'This page cannot be shown'), problemBox(error),
    h('p', {}, h('button', { type: 'button', onclick: show }, 'Try again')));
  if (!(error instanceof Problem)) throw error;
}

function drawMenu(path) {
  render(nav, h('ul', {}, seen().filter((page) => page.menu).map((page) => h('li', {},
    h('a', { href: page.href, 'aria-current': path === page.href.slice(1) ? 'page' : path.startsWith(`${page.href.slice(1)}/`) ? 'true' : null }, page.name)))));
}

function closeMenu() {
  nav.classList.remove('open');
  menu.setAttribute('aria-expanded', 'false');
}

menu.onclick = () => {
  const isOpen = nav.classList.toggle('open');
  menu.setAttribute('aria-expanded', String(isOpen));
  if (isOpen) nav.querySelector('a')?.focus();
};

async function start() {
  try {
    await open();
  } catch (error) {
    if (!(error instanceof Unreachable || error.passes)) return fail(content, error);
    connection.lost(error.message, 2);
    return setTimeout(start, 2000);
  }
  connection.answered();
  render(document.getElementById('who'), h('span', { class: 'unseen' }, 'Signed in as '), h('strong', {}, caller()),
    h('span', { class: 'roles' }, roles().filter((role) => role !== caller()).join(', ')));
  render(document.getElementById('foot'), `Times in ${zone()}; UTC on hover. Templates never reach this page.`);
  document.getElementById('sign-out').onclick = () => close().catch((error) => fail(content, error));
  const kept = keptPage();
  if (kept && !location.hash) history.replaceState(null, '', kept);
  window.onhashchange = show;
  return show();
}

useTheme(document.getElementById('theme'));
start();
