declare module 'dynalite' {
  import type { Server } from 'node:http';
  /** `path`: folder of the LevelDB store; the `...Ms` options: how long tables stay in CREATING and so on. */
  export default function dynalite(options: {
    path: string;
    createTableMs: number;
    deleteTableMs: number;
    updateTableMs: number;
  }): Server;
}
