// Keeps the page that somebody wanted while the browser is away at an OpenID provider, which brings no fragment back.
const KEY = 'page';

export function keepPage(hash) {
  if (hash) sessionStorage.setItem(KEY, hash);
  else sessionStorage.removeItem(KEY);
}

/** The page that was kept, such as #/keys, once; or nothing. */
export function keptPage() {
  const hash = sessionStorage.getItem(KEY) ?? '';
  sessionStorage.removeItem(KEY);
  return hash;
}
