import { useEffect } from 'preact/hooks';
import { BASE } from '../address.ts';
import { useUi } from '../ui.ts';

export function NotFoundPage() {
  const { pathname } = useUi().address.url.value;
  useEffect(() => {
    document.title = 'No such page · TerraFusion Sync';
  }, []);
  return (
    <section class="empty">
      <h1>There is no such page</h1>
      <p>
        Nothing lies at <code>{pathname}</code>. <a href={BASE}>Go to the list of jobs</a>
      </p>
    </section>
  );
}
