import { planPath, projectConflictsPath, projectJobsPath, projectsPath } from '../../project-address.ts';
import { useUi } from '../../ui.ts';

const PAGES = [
  [projectsPath, 'Overview'],
  [projectJobsPath(), 'Jobs'],
  [projectConflictsPath(), 'Conflicts'],
  [planPath(), 'Plan one'],
] as const;

/** The pages of projects. */
export function ProjectNav() {
  const { pathname } = useUi().address.url.value;
  return (
    <nav class="tabs" aria-label="Pages of projects">
      {PAGES.map(([href, text]) => (
        <a key={href} href={href} aria-current={href === pathname.replace(/\/$/, '') ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
