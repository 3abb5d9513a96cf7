import { startRoute } from '../start-route.ts';

export const startFullSync = startRoute('full', 'Start a full sync');
