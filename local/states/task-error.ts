/**
 * How a task fails: `name` is what Retry and Catch compare, `message` becomes the cause.
 *
 * aws-local-stepfunctions maps a thrown error's `name` and `message` to Error and Cause.
 */
export class TaskError extends Error {
  constructor(name: string, cause: string) {
    super(cause);
    this.name = name;
  }
}
