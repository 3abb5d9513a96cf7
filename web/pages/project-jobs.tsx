import { useEffect } from 'preact/hooks';
import type { ProjectJob } from '../../lib/model/answers.ts';
import { JobList, useJobList } from '../parts/dashboard/job-list.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { ProjectNav } from '../parts/project/nav.tsx';
import { planPath, projectJobPath, projectJobsPath } from '../project-address.ts';

/** Jobs of projects, newest first; filters and page are in the address. */
export function ProjectJobsPage() {
  useEffect(() => {
    document.title = 'Jobs of projects · TerraFusion Sync';
  }, []);
  const list = useJobList<ProjectJob>('/api/sync/projects/jobs');
  return (
    <>
      <div class="heading">
        <h1>Jobs of projects</h1>
        <Freshness state={list.state} />
      </div>
      <ProjectNav />
      <JobList
        list={list}
        listHref={projectJobsPath}
        jobHref={projectJobPath}
        aboutOf={({ root }) => root}
        none={
          <p>
            No job over a project yet. <a href={planPath()}>Plan one</a>
          </p>
        }
      />
    </>
  );
}
