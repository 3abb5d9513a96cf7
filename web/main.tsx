import { render } from 'preact';
import { App } from './app.tsx';
import { keepFocusNear } from './focus.ts';
import { openUi, UiProvider } from './ui.ts';

const root = document.getElementById('app');
if (root) {
  render(
    <UiProvider value={openUi(window)}>
      <App />
    </UiProvider>,
    root,
  );
  keepFocusNear(document, root);
}
