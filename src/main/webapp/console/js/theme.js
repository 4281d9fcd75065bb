// Light or dark: as the system says, until somebody chooses.
const KEY = 'theme';
const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };
const NAMES = { auto: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' };

function apply(theme, button) {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
  button.textContent = NAMES[theme];
}

export function useTheme(button) {
  let theme = localStorage.getItem(KEY);
  theme = theme in NEXT ? theme : 'auto';
  apply(theme, button);
  button.onclick = () => {
    theme = NEXT[theme];
    localStorage.setItem(KEY, theme);
    apply(theme, button);
  };
}
