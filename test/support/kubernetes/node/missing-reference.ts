/** Something a pod refers to is not there (yet). */
export class MissingReference extends Error {
  /** As the container's or pod's waiting state gives it. */
  readonly reason: 'CreateContainerConfigError' | 'ContainerCreating';

  constructor(reason: MissingReference['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
