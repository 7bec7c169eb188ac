// Sets the colours before the first paint. A file of its own, since the content security policy
// allows no script in the page.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('baton.theme');
  } catch {
    // Storage may be switched off; then the system decides.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
