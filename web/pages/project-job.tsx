import { jobPath } from '../address.ts';
import type { PageParams } from '../page-params.ts';
import { ProjectTab } from '../parts/project/tab.tsx';
import { projectJobApi, projectJobsPath } from '../project-address.ts';
import { JobScreen } from './job.tsx';

const OWN = { name: 'project', text: 'Project', show: ProjectTab };

/** One job of a project: all that the page of any job shows, and its project. */
export function ProjectJobPage({ params }: { readonly params: PageParams }) {
  return (
    <JobScreen
      api={projectJobApi(params.job_id ?? '')}
      back={{ href: projectJobsPath(), text: 'Jobs of projects' }}
      own={OWN}
      elsewhere={
        <p>
          It may be a job that is of no project: <a href={jobPath(params.job_id ?? '')}>look for it among all jobs</a>.
        </p>
      }
    />
  );
}
