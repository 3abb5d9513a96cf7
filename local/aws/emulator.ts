/** One emulated AWS service over HTTP on the loopback interface. */
export interface Emulator {
  readonly url: string;
  /** Drops every connection and answers nobody, as if the service were unreachable; `false` brings it back. */
  setOutage(down: boolean): void;
  stop(): Promise<void>;
}
