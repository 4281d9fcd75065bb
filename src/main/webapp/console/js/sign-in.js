// Signs in, and goes on to where the person wanted to go.
import { keepPage, keptPage } from './page.js';

const theme = localStorage.getItem('theme');
if (theme === 'light' || theme === 'dark') document.documentElement.setAttribute('data-theme', theme);

const form = document.getElementById('form');
const user = document.getElementById('user');
const password = document.getElementById('password');
const submit = document.getElementById('submit');
const error = document.getElementById('error');

const words = {
  401: () => 'Name or password is wrong, or this name has no role in the vault.',
  429: (response) => `Too many wrong passwords from this address. Wait ${response.headers.get('Retry-After') ?? 60} seconds, then try again.`,
  503: () => 'The vault cannot sign anybody in now: its database or its key store does not answer. Try again in a moment.',
};

function show(text) {
  error.textContent = text;
  error.hidden = false;
  password.value = '';
  password.focus();
}

async function signIn() {
  const response = await fetch('session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Console': '1' },
    body: JSON.stringify({ user: user.value, password: password.value }),
    cache: 'no-store',
    redirect: 'error',
  });
  if (response.status === 204) {
    location.replace(`./${location.hash}`);
    return;
  }
  show((words[response.status] ?? (() => `The server answered ${response.status}. Look at its log.`))(response));
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  submit.disabled = true;
  error.hidden = true;
  try {
    await signIn();
  } catch {
    show('The server does not answer. Is it running, and is this machine on its network?');
  } finally {
    submit.disabled = false;
  }
});

const refused = {
  provider: 'Your organisation did not sign you in. Try again, or ask whoever runs its sign-in.',
  role: 'Your organisation knows you, but gives you no role in the vault. Ask whoever assigns roles there.',
};

// Whether the vault has an OpenID provider. Without an answer the password is the way.
async function showWays() {
  try {
    const response = await fetch('sign-in-ways', { headers: { 'X-Console': 'poll' }, cache: 'no-store' });
    document.getElementById('other').hidden = !(await response.json()).openid;
  } catch {
    document.getElementById('other').hidden = true;
  }
}

document.getElementById('openid').addEventListener('click', () => keepPage(location.hash));

const why = refused[new URLSearchParams(location.search).get('refused')];
const kept = keptPage();
if (why && kept && !location.hash) history.replaceState(null, '', kept);
if (why) show(why);
else user.focus();
showWays();
