/** Tells Kubernetes which of several workers it should stop first when it needs fewer of them. */
export type PodCost = {
  /** How many jobs run now. Returns at once; nothing a job does depends on whether it was heard. */
  show(running: number): void;
};

/** The worker's own pod. */
export type Pod = {
  /** Writes what the pod's end would cost. @throws when the API of Kubernetes refuses or does not answer */
  writeDeletionCost(cost: number): Promise<void>;
};
