import { BASE } from '../address.ts';

export function NotFoundPage() {
  return (
    <section class="empty">
      <h1>There is no such page</h1>
      <p>
        <a href={BASE}>Go to the dashboard</a>
      </p>
    </section>
  );
}
