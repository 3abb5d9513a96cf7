/** What went wrong inside a function, or with the process it ran in; `errorType` is the name a state machine catches. */
export class FunctionError extends Error {
  readonly errorType: string;
  readonly trace: readonly string[];

  constructor(errorType: string, message: string, trace: readonly string[] = []) {
    super(message);
    this.name = 'FunctionError';
    this.errorType = errorType;
    this.trace = trace;
  }

  /** The cause as Step Functions passes it on. */
  toCause(): string {
    return JSON.stringify({ errorType: this.errorType, errorMessage: this.message, trace: this.trace });
  }
}
